const SHAPE = /^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/;

/** The remainder of ISO 7064 MOD 97-10 over letters and digits, a letter counting as 10 to 35. It is 1 for a sound number. */
export function mod97(text: string): number {
  let rest = 0;
  for (const sign of text) {
    const value = Number.parseInt(sign, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}

/** An IBAN (ISO 13616) as it is stored: no spaces, capitals. Undefined when its shape or check digits are wrong. */
export function parseAccountNumber(text: string): string | undefined {
  const account = text.replace(/\s/g, '').toUpperCase();
  return SHAPE.test(account) && mod97(account.slice(4) + account.slice(0, 4)) === 1 ? account : undefined;
}
