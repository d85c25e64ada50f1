import { existsSync, renameSync } from 'node:fs';

/** Moves a journal's folder out of the way, whole, and answers where it is now. Nobody may have it open. */
export function setAside(folder: string, term: number): string {
  let aside = `${folder}.aside-of-term-${term}`;
  for (let count = 2; existsSync(aside); count += 1) aside = `${folder}.aside-of-term-${term}-${count}`;
  renameSync(folder, aside);
  return aside;
}
