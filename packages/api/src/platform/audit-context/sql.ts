import { currentAct } from './context.ts';

/** The only characters allowed in the text, because SET takes no parameters. */
const WORDS = /^[\w.:|-]{0,400}$/;

/** The format that the trigger `audit_change` reads. */
export function actText(act: string, actorKind: string, actorId: string, requestId: string): string {
  const text = [act, actorKind, actorId, requestId].join('|');
  if (!WORDS.test(text)) throw new Error('an act has a name or an actor that is none');
  return text;
}

/** SQL that tells a transaction its actor, or makes it read-only; empty outside of any context. */
export function actingSql(): string {
  const context = currentAct();
  if (context === null) return '';
  const { act, actor, requestId, readOnly } = context;
  if (readOnly === true) return '; SET TRANSACTION READ ONLY';
  return `; SET LOCAL cvault.act = '${actText(act ?? '', actor.kind, actor.id ?? '', requestId ?? '')}'`;
}
