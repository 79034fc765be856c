import { currentAct } from './context.ts';

/** Nothing else gets into a message that takes no parameters. */
const WORDS = /^[\w.:|-]{0,400}$/;

/** As the trigger `audit_change` reads it. */
export function actText(act: string, actorKind: string, actorId: string, requestId: string): string {
  const text = [act, actorKind, actorId, requestId].join('|');
  if (!WORDS.test(text)) throw new Error('an act has a name or an actor that is none');
  return text;
}

/** The statement that tells a transaction who acts in it, or that nobody changes anything; empty where nobody is known to. */
export function actingSql(): string {
  const context = currentAct();
  if (context === null) return '';
  const { act, actor, requestId, readOnly } = context;
  if (readOnly === true) return '; SET TRANSACTION READ ONLY';
  return `; SET LOCAL cvault.act = '${actText(act ?? '', actor.kind, actor.id ?? '', requestId ?? '')}'`;
}
