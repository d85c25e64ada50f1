export type NameMatch = 'match' | 'close_match' | 'no_match';

/** Letters and digits only, without accents or case, word by word. */
const words = (name: string): string[] =>
  name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toUpperCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .sort();

/** Whether a payee is who the payer thinks: the same words in any order, or so close that the difference is a slip. */
export function matchNames(given: string, holder: string): NameMatch {
  const [a, b] = [words(given), words(holder)];
  if (a.join(' ') === b.join(' ')) return a.length === 0 ? 'no_match' : 'match';
  const initials = (of: string[]): string => of.map((word) => word[0]).join('');
  const shared = a.filter((word) => b.includes(word)).length;
  const sameInitials = initials(a) === initials(b);
  return shared > 0 && (sameInitials || shared >= Math.min(a.length, b.length)) ? 'close_match' : 'no_match';
}
