/** Longest name of anything that people name, in characters as people count them. */
export const NAME_CHARACTERS_MAX = 100;

/**
 * Control characters, line and paragraph separators, and the marks that change the direction of writing or join text
 * without being seen (Unicode categories Cc, Cf, Zl, Zp, Cs, Co, Cn). Emoji joined by U+200D are let through by the
 * exception below: a name may hold a family.
 */
const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/u;
const EMOJI_JOINER =
  /(?<=\p{Extended_Pictographic}\uFE0F?\p{Emoji_Modifier}?)\u200D(?=\p{Extended_Pictographic})/gu;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Why a text cannot be a name; null where it can. The text is expected in NFC. */
export function faultOfName(name: string): string | null {
  if (name.length === 0) return 'must not be empty';
  // A grapheme can be many code units: bound the work before counting them.
  if (name.length > NAME_CHARACTERS_MAX * 12 || [...graphemes.segment(name)].length > NAME_CHARACTERS_MAX) {
    return `must have at most ${NAME_CHARACTERS_MAX} characters`;
  }
  if (FORBIDDEN.test(name.replace(EMOJI_JOINER, ''))) {
    return 'must not contain control characters, line ends or invisible formatting characters';
  }
  return null;
}

/**
 * A name as it is stored: in NFC, without spaces around it. Check it with `faultOfName` before it is kept. Only the
 * plain space is cut off: `trim()` would also swallow line ends and byte order marks that ought to be refused.
 */
export function normalizeName(text: string): string {
  const name = text.normalize('NFC');
  let start = 0;
  let end = name.length;
  while (start < end && name[start] === ' ') start++;
  while (end > start && name[end - 1] === ' ') end--;
  return name.slice(start, end);
}
