/** What needs no escaping stands as it is; the names that clients give are of this kind nearly always. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** A text as JSON that is ASCII, a byte a character, whatever a client put in. */
export const jsonText = (text: string): string =>
  PLAIN.test(text)
    ? `"${text}"`
    : JSON.stringify(text).replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`); // prettier-ignore
