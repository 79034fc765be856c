/** RFC 1035, section 2.3.4. */
const CHARACTERS_MAX = 253;
/** RFC 1123, section 2.1. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/** The last label of a DNS name starts with a letter; otherwise `010.0.0.1` and `0x7f.1` would be names. */
export function isDnsName(name: string): boolean {
  if (name.length > CHARACTERS_MAX) return false;
  const labels = name.split('.');
  return labels.every((label) => LABEL.test(label)) && /^[a-z]/i.test(labels.at(-1) ?? '');
}
