import { counter, gauge } from '@base/observability';
import { type SourceStanding, type Standing } from './price-book.js';
import { NO_TICKS } from './price-source.js';

/** What the Prometheus rules of `infra/` alert on: a source lost, a pair that cannot be quoted, sources that lie. */
export const priceMetrics = {
  refusedTicks: counter({
    name: 'strongroom_pricing_refused_ticks_total',
    help: 'Messages or prices of a source that were thrown away',
    labels: ['source', 'reason'] as const,
  }),
  connected: gauge({
    name: 'strongroom_pricing_source_connected',
    help: '1 while the connection to a price source stands',
    labels: ['source'] as const,
  }),
  quotable: gauge({
    name: 'strongroom_pricing_quotable',
    help: '1 while a pair has a firm price, 0 while it has none',
    labels: ['pair'] as const,
  }),
  freshSources: gauge({
    name: 'strongroom_pricing_fresh_sources',
    help: 'Sources of a pair with a fresh price',
    labels: ['pair'] as const,
  }),
  ownBook: gauge({
    name: 'strongroom_pricing_own_book',
    help: '1 at what the own exchange’s book is to the price of a pair: used, left_out, or why it has none',
    labels: ['pair', 'standing'] as const,
  }),
  outliers: gauge({
    name: 'strongroom_pricing_outlier_sources',
    help: 'Fresh sources that the majority left out',
    labels: ['pair'] as const,
  }),
};

const STANDINGS: readonly Standing[] = ['used', 'left_out', 'stale', 'jump', ...NO_TICKS];

/** Where no own book is watched, nothing is told of one. */
export function countOwnBook(pair: string, standings: readonly SourceStanding[]): void {
  const own = standings.find(({ kind }) => kind === 'own-book');
  if (!own) return;
  for (const standing of STANDINGS) priceMetrics.ownBook.set({ pair, standing }, own.standing === standing ? 1 : 0);
}
