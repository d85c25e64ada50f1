import { counter, gauge, histogram } from '@base/observability';
import { engineEvents, LINK_ROLES } from '@core/contracts';
import { bookDepth, listedInstruments, openOrders } from '@core/matching';
import { type Exchange } from './exchange.js';
import { type ExchangeWatch } from './exchange-settings.js';

/** Levels of a book that are counted. */
const DEPTH = 50;
const SIDES = ['buy', 'sell'] as const;

const commands = counter({ name: 'strongroom_exchange_commands_total', help: 'Commands applied' });
const events = counter({
  name: 'strongroom_exchange_events_total',
  help: 'Events by kind; order-rejected, transfer-rejected and command-rejected are the refusals',
  labels: ['event'],
});
const batches = counter({
  name: 'strongroom_exchange_batches_total',
  help: 'Batches applied; commands per batch follow',
});
const largestBatch = gauge({
  name: 'strongroom_exchange_largest_batch_commands',
  help: 'Largest batch since the last look',
});
const commitSeconds = histogram({
  name: 'strongroom_exchange_commit_seconds',
  help: 'From a batch’s way through the engine until it is durable',
});
const queue = gauge({ name: 'strongroom_exchange_queue_commands', help: 'Commands that wait for the journal' });
const pending = gauge({ name: 'strongroom_exchange_journal_pending_bytes', help: 'Bytes of commands not durable yet' });
const lag = gauge({ name: 'strongroom_exchange_released_lag_commands', help: 'Commands applied and not released yet' });
const linkLag = gauge({
  name: 'strongroom_exchange_slowest_link_bytes',
  help: 'Released events that the slowest link has not taken',
});
const links = gauge({ name: 'strongroom_exchange_links', help: 'Open connections', labels: ['role'] });
const farewells = counter({
  name: 'strongroom_exchange_links_closed_total',
  help: 'Connections ended',
  labels: ['reason'],
});
const orders = gauge({ name: 'strongroom_exchange_open_orders', help: 'Open orders' });
const levels = gauge({
  name: 'strongroom_exchange_book_levels',
  help: `Price levels of a book, ${DEPTH} at most`,
  labels: ['instrument', 'side'],
});
const snapshotSeconds = histogram({
  name: 'strongroom_exchange_snapshot_seconds',
  help: 'From beginning a snapshot to its being durable',
});
const snapshotPause = gauge({
  name: 'strongroom_exchange_snapshot_pause_seconds',
  help: 'Longest slice of the last snapshot: trading stood still so long',
});

let largest = 0;
/** Events that have been counted already, by code. */
const counted = new Float64Array(256);

export const watch: ExchangeWatch = {
  applied(count) {
    commands.inc(count);
    batches.inc();
    largest = Math.max(largest, count);
  },
  committed: (seconds) => commitSeconds.observe(seconds),
  linkClosed: (reason) => farewells.inc({ reason }),
  snapshot(tookMs, longestPauseMs) {
    snapshotSeconds.observe(tookMs / 1000);
    snapshotPause.set(longestPauseMs / 1000);
  },
};

/** What is looked at only when somebody asks. */
export function refreshGauges(exchange: Exchange): void {
  largestBatch.set(largest);
  largest = 0;
  for (const [event, { code }] of Object.entries(engineEvents.messages)) {
    const count = exchange.sequencer.eventCounts[code] ?? 0;
    events.inc({ event }, count - (counted[code] ?? 0));
    counted[code] = count;
  }
  queue.set(exchange.sequencer.waiting);
  pending.set(exchange.journal.pendingBytes);
  lag.set(exchange.journal.nextSequence - 1 - exchange.ring.releasedSequence);
  const open = [...exchange.links];
  linkLag.set(Math.max(0, ...open.map(({ output }) => output.lag)));
  for (const role of LINK_ROLES) links.set({ role }, open.filter((link) => link.role === role).length);
  orders.set(openOrders());
  for (const instrument of listedInstruments()) {
    for (const side of SIDES)
      levels.set({ instrument: String(instrument), side }, bookDepth(instrument, side, DEPTH).length);
  }
}
