import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { OWN_BOOK_RULES } from './own-book.js';
import { ownBookRulesOf, pricingConfig } from './price-sources.js';

const config = z.object(pricingConfig);
const minDepth = (text?: string) => ownBookRulesOf(config.parse({ OWN_BOOK_MIN_DEPTH: text })).minDepth;

describe('OWN_BOOK_MIN_DEPTH', () => {
  it('unset or empty, as compose passes what is unset, is what the rules say', () => {
    expect([minDepth(), minDepth('')]).toEqual([OWN_BOOK_RULES.minDepth, OWN_BOOK_RULES.minDepth]);
  });

  it('changes what it names, and nothing else: a pair in another asset keeps its price', () => {
    const expected = { ...OWN_BOOK_RULES.minDepth, USD: 250_000n, BTC: 1_000_000n };
    expect(minDepth('USD:2500, BTC:0.01')).toEqual(expected);
  });

  it.each(['USD', 'USD:', 'USD:0', 'USD:-1', 'USD:1:2', 'USD:1.001', 'DOGE:1', 'USD:1,EUR=2'])('refuses %s', (text) => {
    expect(config.safeParse({ OWN_BOOK_MIN_DEPTH: text }).error?.issues).toMatchObject([
      { path: ['OWN_BOOK_MIN_DEPTH'], code: 'custom' },
    ]);
  });
});
