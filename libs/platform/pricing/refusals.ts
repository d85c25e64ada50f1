import { refuse } from '@base/http';
import { type NoPrice } from './price-book.js';

/** Every refusal of this library by its stable code. */
export type PricingRefusal = 'price_unavailable' | 'unknown_pair';

const BECAUSE: Record<NoPrice | 'halted' | 'not_watched', string> = {
  too_few_sources: 'Fewer than two price sources are fresh.',
  sources_diverge: 'The price sources disagree with each other.',
  halted: 'Pricing of this pair has been halted by the operator.',
  not_watched: 'Nothing in this process watches this pair.',
};

/** 503: no firm price now; the same request may succeed in a moment. */
export const priceUnavailable = (pair: string, why: keyof typeof BECAUSE) =>
  refuse('price_unavailable' satisfies PricingRefusal, {
    status: 503,
    title: `There is no firm price for ${pair} right now`,
    detail: `${BECAUSE[why]} Try again in a few seconds.`,
  });

export const unknownPair = (field = 'pair') =>
  refuse('unknown_pair' satisfies PricingRefusal, {
    status: 422,
    title: 'This pair is not offered',
    detail: 'Choose one of GET /v1/brokerage/pairs.',
    field,
  });
