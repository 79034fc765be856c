/** Writes the SQL argument of a call so that it means the same at the end of its file, outside of its function. */
import ts from 'typescript';

/** Written in place of an unknown value. `statements.ts` defines it. */
const UNKNOWN = '__.UNKNOWN';

const isFunction = (node: ts.Node): node is ts.FunctionLikeDeclaration =>
  ts.isFunctionDeclaration(node) ||
  ts.isArrowFunction(node) ||
  ts.isFunctionExpression(node) ||
  ts.isMethodDeclaration(node);

const isAtTop = (declaration: ts.Node): boolean => {
  let node = declaration.parent;
  while (!ts.isSourceFile(node)) {
    if (isFunction(node) || ts.isBlock(node)) return false;
    node = node.parent;
  }
  return true;
};

/**
 * Names of the module stay. Constants of the function are replaced by what they are made of, parameters by what the calls in the
 * same file give for them, and where a choice depends on what is not known, each way is tried.
 */
export class StatementWriter {
  readonly #open = new Set<ts.Node>();
  #root: ts.Node | undefined;

  readonly #checker: ts.TypeChecker;

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker;
  }

  #expand(node: ts.Node): string {
    if (ts.isConditionalExpression(node)) {
      return `(__.oneOf(${node.pos}, [true, false]) ? ${this.#expand(node.whenTrue)} : ${this.#expand(node.whenFalse)})`;
    }
    if (ts.isElementAccessExpression(node)) {
      const [object, key] = [this.#expand(node.expression), this.#expand(node.argumentExpression)];
      return `${object}[__.keyOf(${object}, ${key})]`;
    }
    if (ts.isAwaitExpression(node)) return UNKNOWN;
    // `named(…).with(values)`: the values say nothing of its text.
    if (
      ts.isCallExpression(node) &&
      ts.isPropertyAccessExpression(node.expression) &&
      node.expression.name.text === 'with'
    ) {
      return this.#expand(node.expression.expression);
    }
    if (ts.isIdentifier(node)) return this.#ofName(node);
    // The values of a statement say nothing of its text.
    if (
      (ts.isShorthandPropertyAssignment(node) || ts.isPropertyAssignment(node)) &&
      node.name.getText() === 'values'
    ) {
      return 'values: []';
    }
    if (ts.isPropertyAccessExpression(node) && this.#isOfParameter(node)) {
      const words = this.#wordsOf(node);
      if (words !== null) return words;
    }
    if (ts.isShorthandPropertyAssignment(node)) return `${node.name.text}: ${this.#ofName(node.name)}`;
    const source = node.getSourceFile().text;
    let text = '';
    let place = node.getStart();
    ts.forEachChild(node, (child) => {
      const isName =
        (ts.isPropertyAccessExpression(node) ||
          ts.isPropertyAssignment(node) ||
          ts.isMethodDeclaration(node)) &&
        child === node.name;
      if (isName || ts.isTypeNode(child)) return;
      text += source.slice(place, child.getStart()) + this.#expand(child);
      place = child.getEnd();
    });
    return text + source.slice(place, node.getEnd());
  }

  #ofName(name: ts.Identifier): string {
    const symbol = ts.isShorthandPropertyAssignment(name.parent)
      ? this.#checker.getShorthandAssignmentValueSymbol(name.parent)
      : this.#checker.getSymbolAtLocation(name);
    const declaration = symbol?.valueDeclaration ?? symbol?.declarations?.[0];
    if (
      symbol === undefined ||
      declaration === undefined ||
      declaration.getSourceFile() !== name.getSourceFile()
    ) {
      return name.text;
    }
    if (isAtTop(declaration) || ts.isImportSpecifier(declaration)) return name.text;
    // A parameter of an arrow function that is itself part of the expression.
    if (declaration.pos >= this.#root!.pos && declaration.end <= this.#root!.end) return name.text;
    const value = this.#valueOf(declaration);
    return value === UNKNOWN ? (this.#wordsOf(name) ?? value) : value;
  }

  /** A choice among the words of a closed set, the same wherever it is asked for in a statement. */
  #wordsOf(node: ts.Expression): string | null {
    const type = this.#checker.getNonNullableType(this.#checker.getTypeAtLocation(node));
    const types = type.isUnion() ? type.types : [type];
    const words = types.map((one) => (one.isStringLiteral() ? one.value : this.#checker.typeToString(one)));
    const isClosed = types.every((one) => one.isStringLiteral()) || words.sort().join() === 'false,true';
    if (!isClosed) return null;
    const list = types.every((one) => one.isStringLiteral()) ? JSON.stringify(words) : '[true, false]';
    return `__.oneOf(${JSON.stringify(node.getText())}, ${list})`;
  }

  #isOfParameter(node: ts.PropertyAccessExpression): boolean {
    let root: ts.Expression = node;
    while (ts.isPropertyAccessExpression(root)) root = root.expression;
    const declaration = this.#checker.getSymbolAtLocation(root)?.valueDeclaration;
    return declaration !== undefined && ts.isParameter(declaration);
  }

  /** Writes an expression on its own. One that needs itself is not known. */
  write(node: ts.Node): string {
    if (this.#open.has(node)) return UNKNOWN;
    const outer = this.#root;
    this.#root = node;
    this.#open.add(node);
    try {
      return `(${this.#expand(node)})`;
    } finally {
      this.#open.delete(node);
      this.#root = outer;
    }
  }

  #valueOf(declaration: ts.Node): string {
    if (ts.isVariableDeclaration(declaration) && ts.isForOfStatement(declaration.parent.parent)) {
      return `__.oneOf(${declaration.pos}, ${this.write(declaration.parent.parent.expression)})`;
    }
    if (ts.isVariableDeclaration(declaration)) {
      const isConstant = (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0;
      if (!isConstant || declaration.initializer === undefined) return UNKNOWN;
      return this.write(declaration.initializer);
    }
    if (ts.isFunctionDeclaration(declaration)) return this.write(declaration);
    if (ts.isBindingElement(declaration)) {
      const holder = declaration.parent.parent;
      const key = (declaration.propertyName ?? declaration.name).getText();
      const whole = this.#valueOf(holder);
      if (whole === UNKNOWN) return whole;
      if (ts.isArrayBindingPattern(declaration.parent)) {
        return `${whole}[${declaration.parent.elements.indexOf(declaration)}]`;
      }
      const { initializer } = declaration;
      return initializer === undefined
        ? `${whole}.${key}`
        : `(${whole}.${key} ?? ${this.write(initializer)})`;
    }
    if (ts.isParameter(declaration)) return this.#argumentsFor(declaration);
    return UNKNOWN;
  }

  /** The arguments for a parameter in the calls of the same file. */
  #argumentsFor(parameter: ts.ParameterDeclaration): string {
    const owner = parameter.parent as ts.FunctionLikeDeclaration;
    const name = ts.isFunctionDeclaration(owner)
      ? owner.name
      : ts.isVariableDeclaration(owner.parent)
        ? owner.parent.name
        : undefined;
    if (name === undefined || !ts.isIdentifier(name)) return UNKNOWN;
    const own = this.#checker.getSymbolAtLocation(name);
    const index = owner.parameters.indexOf(parameter);
    const given: string[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && this.#checker.getSymbolAtLocation(node.expression) === own) {
        const argument = node.arguments[index];
        given.push(argument === undefined ? 'undefined' : this.write(argument));
      }
      ts.forEachChild(node, visit);
    };
    visit(parameter.getSourceFile());
    if (given.length === 0) return UNKNOWN;
    if (given.length === 1) return given[0]!;
    // By the function's place: the parameters of one function are those of one call.
    return `__.oneOf(${owner.pos}, [${given.map((one) => `() => ${one}`).join(', ')}])()`;
  }
}
