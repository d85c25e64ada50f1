import { describe, expect, it } from '@jest/globals';
import { isWeakPassword, normalisePassword } from './password-policy.js';

describe('passwords', () => {
  it.each([
    ['short', 'tulip-ember'],
    ['one character', 'aaaaaaaaaaaaaaaaaa'],
    ['four characters in turn', 'abcdabcdabcdabcd'],
    ['a common word with digits', 'Password123456!'],
    ['in leet', 'P4$$w0rd!P4$$w0rd!'],
    ['common words in a row', 'BitcoinWallet2026'],
    ['a keyboard row', 'qwertyuiopasdfghjkl'],
    ['the famous example', 'correct horse battery staple'.replaceAll(' ', '')],
    ['a date', '2026-11-24 12:00'],
    ['the owner’s address', 'ada.lovelace1815'],
    ['endless', 'kestrel lantern '.repeat(20)],
  ])('that are %s are refused', (_why, password) => {
    expect(isWeakPassword(password, ['ada.lovelace@example.com'])).toBe(true);
  });

  it.each([
    'kestrel lantern osier',
    'vNq2-8fTz!pLw4',
    'мой кот спит на печи',
    'ぬるぽがっこう電車線路沿い',
    'sandbox-harbour-lantern-27',
  ])('%p is good', (password) => {
    expect(isWeakPassword(password, ['ada.lovelace@example.com'])).toBe(false);
  });

  it('are the same in either Unicode spelling', () => {
    expect(normalisePassword('caf\u0065\u0301 ﬁnch')).toBe(normalisePassword('caf\u00e9 finch'));
  });
});
