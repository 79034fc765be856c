/** Characters without meaning to a shell, inside single quotes and outside. The space needs the quotes. */
const INERT = /^[A-Za-z0-9@%_+=:,./ -]*$/;

/**
 * `NAME='value'` for the head of a script. This is a second check after the one on the input: it refuses a value
 * with any character that a shell could interpret, so there is no quoting to get wrong.
 */
export function assignment(name: string, value: string): string {
  if (!/^CVAULT_[A-Z_]+$/.test(name) || !INERT.test(value))
    throw new Error(`${name} cannot go into a script`);
  return `${name}='${value}'\n`;
}

/** No base64 text holds an underscore, so no content can end its here-document early. */
const END = 'CVAULT_END';

/**
 * A shell function `payload NAME` that prints one of these files. Contents are base64, so the shell sees only
 * letters.
 */
export function payloadFunction(files: ReadonlyMap<string, string>): string {
  const cases = [...files].map(([name, content]) => {
    if (!/^[a-z@.-]+$/.test(name)) throw new Error('a payload’s name must be plain');
    const lines =
      Buffer.from(content, 'utf8')
        .toString('base64')
        .match(/.{1,76}/g) ?? [];
    return `    ${name})\n      base64 -d <<'${END}'\n${lines.join('\n')}\n${END}\n      ;;\n`;
  });
  return `payload() {\n  case $1 in\n${cases.join('')}    *) return 1 ;;\n  esac\n}\n`;
}
