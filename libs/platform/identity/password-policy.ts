import { COMMON_STEMS } from './common-passwords.js';

/**
 * NIST SP 800-63B-4 asks for 15 characters where a password stands alone, and for 8 beside a second factor. We cannot know at registration
 * whether one will be added, so: 12, against a blocklist that also catches long common phrases; every withdrawal of an account with a second
 * factor asks for it. No rules of composition and no expiry, as there.
 */
export const PASSWORD_MIN_CHARACTERS = 12;
export const PASSWORD_MAX_CHARACTERS = 128;

const DISTINCT_MIN = 5;
/** What must be left of a password, in characters, when its common parts are taken out. */
const OWN_MIN = 4;

/** One spelling for characters that look the same (NFKC), so that a password typed on another keyboard is the same password. */
export const normalisePassword = (password: string): string => password.normalize('NFKC');

/** Whether a guesser would come by it early. `about` are words of the owner's: the e-mail address. */
export function isWeakPassword(password: string, about: readonly string[] = []): boolean {
  const characters = [...normalisePassword(password)];
  if (characters.length < PASSWORD_MIN_CHARACTERS || characters.length > PASSWORD_MAX_CHARACTERS) return true;
  if (new Set(characters).size < DISTINCT_MIN) return true;
  const plain = characters.join('').toLowerCase();
  return ownPart(plain, about) < OWN_MIN || ownPart(unleet(plain), about) < OWN_MIN;
}

/** How many characters remain without common stems, the owner's own words, digits, punctuation and repetitions. */
function ownPart(plain: string, about: readonly string[]): number {
  const stems = [...COMMON_STEMS, ...about.flatMap(words)].sort((a, b) => b.length - a.length);
  const rest = stems.reduce((text, stem) => text.replaceAll(stem, '\u0000'), plain);
  return new Set(rest.replace(/[\p{N}\p{P}\p{S}\p{Z}\p{C}]/gu, '')).size;
}

const words = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word.length >= 4);

const LEET: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};

const unleet = (text: string): string => [...text].map((character) => LEET[character] ?? character).join('');
