import { type EngineCommandDraft, type RejectReason } from '@core/contracts';
import { type Clock } from '@base/clock';
import { type Secret } from '@base/config';
import { type Database } from '@base/database';
import { listCustomers } from '@platform/identity';
import { connectToPrimary, HighestTerm, type PrimaryOptions } from '@platform/venue-link';
import { allotAccount, type Instrument, listingOf, listInstruments } from '@products/venue';
import { QUIET_INSTRUMENTS, SANDBOX_TRADERS } from './sandbox-traders.js';

const WITHIN_MS = 20_000;
const SECOND_US = 1_000_000n;

/** Tier 0 is everybody's, tier 1 the market makers'. */
const FEES = [
  { tier: 0, makerPpm: 1_000, takerPpm: 2_000 },
  { tier: 1, makerPpm: 0, takerPpm: 1_000 },
] as const;
const MAKER_TIER = 1;

/** Far enough apart for the sandbox's price walk, and for an operator of it who makes prices jump. */
const BANDS = {
  referencePrice: 0,
  pricePpm: 500_000,
  protectionPpm: 50_000,
  haltPpm: 100_000,
  haltWindow: 60n * SECOND_US,
  reopenAfter: 30n * SECOND_US,
} as const;

/**
 * Lists every planned instrument that the ledger does not know to be listed, with its fees and bands, and opens it. What is listed is left as operators made
 * it, so a second run changes nothing.
 * @returns the symbols that were opened
 * @throws Error when the exchange does not take it
 */
export async function openInstruments(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  venue: { readonly addresses: PrimaryOptions['addresses']; readonly key: Secret },
): Promise<string[]> {
  const planned = (await listInstruments(database)).filter(({ listedAt }) => listedAt === null);
  if (planned.length === 0) return [];
  const commands = [...planned.flatMap(openingOf), ...(await makerTiers(database, clock))];
  await carryOut(commands, venue);
  return planned.map(({ symbol }) => symbol);
}

function openingOf(instrument: Instrument): EngineCommandDraft[] {
  const { number, symbol } = instrument;
  const isQuiet = QUIET_INSTRUMENTS.includes(symbol);
  return [
    listingOf(instrument),
    ...FEES.map((fees): EngineCommandDraft => ({ kind: 'set-fees', instrument: number, ...fees })),
    ...(isQuiet ? [] : [{ kind: 'set-bands', instrument: number, ...BANDS } as const]),
    { kind: 'set-state', instrument: number, state: 'open' },
  ];
}

async function makerTiers(database: Database, clock: Clock): Promise<EngineCommandDraft[]> {
  const commands: EngineCommandDraft[] = [];
  for (const { email, key } of SANDBOX_TRADERS) {
    const [customer] = await listCustomers(database, { email, limit: 1 });
    if (customer === undefined || key !== 'MARKET_MAKER_SECRET') continue;
    const account = await database.transaction((tx) => allotAccount(tx, customer.id, clock.now()));
    commands.push({ kind: 'set-account', account, tier: MAKER_TIER, state: 'active' });
  }
  return commands;
}

/** What a second start is told before settlement has told the ledger of the first one. */
const DONE_BEFORE: ReadonlySet<RejectReason> = new Set(['instrument_exists', 'invalid_state_change']);

/** Until the events of all are in. */
async function carryOut(
  commands: readonly EngineCommandDraft[],
  { addresses, key }: { readonly addresses: PrimaryOptions['addresses']; readonly key: Secret },
): Promise<void> {
  const refused: string[] = [];
  const progress = { left: commands.length, last: Infinity, seen: 0 };
  let end: { readonly resolve: () => void; readonly reject: (why: Error) => void } | undefined;
  const answered = new Promise<void>((resolve, reject) => (end = { resolve, reject }));
  // Nobody may be waiting yet when it fails.
  answered.catch(() => undefined);
  const look = (): void => {
    if (progress.seen >= progress.last) end?.resolve();
  };
  const link = await connectToPrimary({
    addresses,
    key,
    keyName: 'operator',
    terms: new HighestTerm(),
    onEvent: (event) => {
      if (event.kind === 'command-rejected' && !DONE_BEFORE.has(event.reason)) refused.push(event.reason);
      progress.seen = Number(event.sequence);
      look();
    },
    onSequenced: (_, first, count) => {
      progress.left -= count;
      if (progress.left === 0) progress.last = first + count - 1;
      look();
    },
    onRefused: (_, reason) => end?.reject(new Error(`the exchange refuses: ${reason}`)),
    onClosed: (why) => end?.reject(new Error(`the exchange’s link ended: ${why}`)),
  });
  const timer = setTimeout(() => end?.reject(new Error('the exchange does not answer')), WITHIN_MS);
  try {
    link.subscribe(link.welcome.nextSequence);
    for (const command of commands) link.send(command);
    await answered;
  } finally {
    clearTimeout(timer);
    link.close();
  }
  if (refused.length > 0) throw new Error(`the exchange refused: ${refused.join(', ')}`);
}
