import { randomInt } from 'node:crypto';
import { mod97 } from './account-number.js';

/** Without I, L, O and U, which people misread or take offence at. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const BODY_LENGTH = 10;
const LENGTH = 4 + BODY_LENGTH;

/** A creditor reference (ISO 11649): `RF`, two check digits, ten characters with 50 random bits. */
export function newDepositReference(): string {
  const body = Array.from({ length: BODY_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  const check = 98 - mod97(`${body}RF00`);
  return `RF${String(check).padStart(2, '0')}${body}`;
}

/** `RF18 ABCD 1234 56`: how it is shown to people. */
export const spaced = (reference: string): string => reference.replace(/(.{4})(?=.)/g, '$1 ');

/**
 * Every reference with sound check digits in what a payer wrote, in whatever case and with whatever spaces and dashes. A digit taken for another
 * is never sound again; of other slips one in 97 is (ISO 7064), and it would still have to be one of the few that were issued.
 */
export function findDepositReferences(remittance: string): string[] {
  const text = remittance.toUpperCase().replace(/[^0-9A-Z]/g, '');
  const found = new Set<string>();
  for (let at = text.indexOf('RF'); at >= 0; at = text.indexOf('RF', at + 1)) {
    const candidate = text.slice(at, at + LENGTH);
    if (/^RF\d{2}[0-9A-Z]{10}$/.test(candidate) && mod97(candidate.slice(4) + candidate.slice(0, 4)) === 1) {
      found.add(candidate);
    }
  }
  return [...found];
}
