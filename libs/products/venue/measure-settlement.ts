import { type Queryable } from '@base/database';
import { counter, gauge } from '@base/observability';
import { listFreezes } from './freezes.js';
import { countOpenTransfers } from './transfers.js';

const lagSequences = gauge({
  name: 'strongroom_venue_settlement_lag_sequences',
  help: 'Commands of the engine whose events are out and not settled',
});
const lagSeconds = gauge({
  name: 'strongroom_venue_settlement_lag_seconds',
  help: 'Age of the last settled event while later ones wait; 0 when none do',
});
const connected = gauge({ name: 'strongroom_venue_settlement_connected', help: '1 while events can arrive' });
const halted = gauge({
  name: 'strongroom_venue_settlement_halted',
  help: '1 while the next event cannot be settled and people have to look',
});
const settled = counter({ name: 'strongroom_venue_settled_events_total', help: 'Events of the engine settled' });
const failures = counter({
  name: 'strongroom_venue_settlement_failures_total',
  help: 'Batches that were not settled, by reason',
  labels: ['reason'],
});
const open = gauge({
  name: 'strongroom_venue_open_transfers',
  help: 'Moves to and from the exchange that are not over, by state',
  labels: ['state'],
});
const oldest = gauge({
  name: 'strongroom_venue_oldest_open_transfer_seconds',
  help: 'Since the oldest move that is not over was asked for; 0 when there is none',
});
const frozen = gauge({ name: 'strongroom_venue_frozen', help: 'Accounts and assets whose moves are frozen' });

export interface Lag {
  /** The last command whose events are out. */
  readonly released: number;
  readonly settled: number;
  /** The engine's time of the last settled event. */
  readonly settledAt: Date | null;
}

/** What the settler's loop tells. */
export const settlementMetrics = {
  lag({ released, settled: done, settledAt }: Lag, now: Date): void {
    const behind = Math.max(0, released - done);
    lagSequences.set(behind);
    lagSeconds.set(behind === 0 || settledAt === null ? 0 : Math.max(0, (now.getTime() - settledAt.getTime()) / 1_000));
  },
  settled(events: number): void {
    settled.inc(events);
    halted.set(0);
  },
  failed(reason: string, isHalted: boolean): void {
    failures.inc({ reason });
    halted.set(isHalted ? 1 : 0);
  },
  connected(is: boolean): void {
    connected.set(is ? 1 : 0);
  },
};

/** Shows moves under way and how long the oldest has waited, and what is frozen. */
export async function measureTransfers(on: Queryable, now: Date): Promise<void> {
  const rows = await countOpenTransfers(on);
  for (const state of ['requested', 'sent'] as const)
    open.set({ state }, Number(rows.find((row) => row.state === state)?.count ?? 0n));
  const since = Math.min(now.getTime(), ...rows.map((row) => row.since.getTime()));
  oldest.set((now.getTime() - since) / 1_000);
  frozen.set((await listFreezes(on)).length);
}
