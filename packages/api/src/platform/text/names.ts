import { asciiHost } from './idna.ts';

/** The maximum length of any name, in characters as people count them. */
export const NAME_CHARACTERS_MAX = 100;

/**
 * Control characters, line and paragraph separators, direction and other invisible marks (Unicode categories Cc,
 * Cf, Zl, Zp, Cs, Co, Cn), and characters without a glyph: Default_Ignorable_Code_Point and the blank Braille
 * pattern. Joiners and variation selectors are allowed where they have an effect: see below.
 */
const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** Variation selectors after emoji and keycaps, Mongolian letters and Chinese characters. */
const SHAPE_SELECTOR =
  /(?<=[\p{Extended_Pictographic}\d#*])[\uFE0E\uFE0F]|(?<=\p{Script=Mongolian})[\u180B-\u180D\u180F]|(?<=\p{Script=Han})[\uFE00-\uFE02\u{E0100}-\u{E01EF}]/gu;

/** Emoji sequences such as a family or the flag of England contain joiners and tags (UTS #51). */
const EMOJI_JOINER =
  /(?<=\p{Extended_Pictographic}\uFE0F?\p{Emoji_Modifier}?)\u200D(?=\p{Extended_Pictographic})/gu;
const EMOJI_FLAG = new RegExp('\\p{RGI_Emoji_Tag_Sequence}', 'gv');

/** A zero-width joiner or non-joiner within a word. */
const WORD_JOINER = /(?<=[\p{L}\p{M}])[\u200C\u200D](?=[\p{L}\p{M}])|(?<=\p{M})\u200D/gu;
/** How far the rules look to either side: marks may stand between a joiner and its letters. */
const CONTEXT_CHARACTERS = 16;

/**
 * Persian and many Indic words need joiners. RFC 5892 (appendix A) defines between which letters they belong to the
 * word and where they are invisible; the platform's IDNA implementation has the tables.
 */
function withoutWordJoiners(name: string): string {
  return name.replace(WORD_JOINER, (joiner, at: number) => {
    const before = /[\p{L}\p{M}]+$/u.exec(name.slice(Math.max(0, at - CONTEXT_CHARACTERS), at))?.[0] ?? '';
    const after = /^[\p{L}\p{M}]*/u.exec(name.slice(at + 1, at + 1 + CONTEXT_CHARACTERS))?.[0] ?? '';
    return isJoining(before, joiner, after) ? '' : joiner;
  });
}

/** Whether a joiner is allowed there. Leading marks are removed, since they would make any label invalid. */
function isJoining(before: string, joiner: string, after: string): boolean {
  const label = before.replace(/^\p{M}+/u, '');
  return label !== '' && asciiHost(`${label}${joiner}${after}`) !== null;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Why a text is not a valid name; null if it is. Expects NFC. */
export function faultOfName(name: string): string | null {
  if (name.length === 0) return 'must not be empty';
  // A grapheme can have many code units, so this bounds the work of counting them.
  if (name.length > NAME_CHARACTERS_MAX * 12 || [...graphemes.segment(name)].length > NAME_CHARACTERS_MAX) {
    return `must have at most ${NAME_CHARACTERS_MAX} characters`;
  }
  const plain = name.replace(EMOJI_FLAG, '').replace(EMOJI_JOINER, '').replace(SHAPE_SELECTOR, '');
  if (FORBIDDEN.test(withoutWordJoiners(plain))) {
    return 'must not contain control characters, line ends or invisible formatting characters';
  }
  return null;
}

/**
 * A name as it is stored: in NFC, without surrounding spaces. Check it with `faultOfName`. Only plain spaces are
 * removed, because `trim()` would also swallow line ends and byte order marks, which must be refused.
 */
export function normalizeName(text: string): string {
  const name = text.normalize('NFC');
  let start = 0;
  let end = name.length;
  while (start < end && name[start] === ' ') start++;
  while (end > start && name[end - 1] === ' ') end--;
  return name.slice(start, end);
}
