import { randomInt } from 'node:crypto';

const COUNTRY = 'XS';
const BANK = 'SNDB';

/** The remainder that ISO 13616 defines: the country and check digits go last, letters count as 10 to 35. */
function remainder(iban: string): number {
  const moved = iban.slice(4) + iban.slice(0, 4);
  let rest = 0;
  for (const sign of moved)
    for (const digit of String(Number.parseInt(sign, 36))) rest = (rest * 10 + Number(digit)) % 97;
  return rest;
}

/** An account number of the sandbox bank; `XS` is no country's, so it can never be a real account. */
export function newIban(number: number = randomInt(1, 2 ** 47)): string {
  const account = `${BANK}${String(number).padStart(16, '0')}`;
  const check = 98 - remainder(`${COUNTRY}00${account}`);
  return `${COUNTRY}${String(check).padStart(2, '0')}${account}`;
}

export const isIban = (text: string): boolean => /^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(text) && remainder(text) === 1;
