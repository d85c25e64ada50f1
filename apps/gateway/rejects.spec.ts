import { describe, expect, test } from '@jest/globals';
import { CANCEL_TEXTS, explain, REFUSALS, REJECTS, UNKNOWN_OUTCOME } from './rejects.js';

/** FIX 4.4's values of 103 that the dictionaries of existing clients know. */
const KNOWN_103 = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 99];
const ALL = [...Object.values(REJECTS), ...Object.values(REFUSALS), UNKNOWN_OUTCOME];

describe('what the doors say', () => {
  test('keeps to the words that existing clients compare', () => {
    expect(REJECTS.insufficient_funds.text).toBe('Insufficient Balance');
    expect(REJECTS.post_only_would_trade.text).toBe('Marketable AOL order');
    expect(REJECTS.invalid_price.text).toBe('Invalid price');
    expect(REJECTS.unknown_order.text).toBe('Unknown order');
    expect(CANCEL_TEXTS.requested).toBe('Canceled by User');
    expect(CANCEL_TEXTS.mass_cancel).toBe('Bulk Canceled by User');
    expect(CANCEL_TEXTS.budget_spent).toBe('Met cash limit');
  });

  test('says lack of funds of nothing else: clients turn those words into an error', () => {
    expect(ALL.filter(({ text }) => text === 'Insufficient Balance')).toHaveLength(1);
    expect(Object.values(CANCEL_TEXTS)).not.toContain('Insufficient Balance');
  });

  test('uses FIX codes that stock dictionaries know, and text that fits a FIX field', () => {
    for (const words of ALL) {
      expect(KNOWN_103).toContain(words.order);
      expect([0, 1, 99]).toContain(words.cancel);
      expect(explain(words)).toMatch(/^[\x20-\x7e]{1,160}$/);
    }
  });
});
