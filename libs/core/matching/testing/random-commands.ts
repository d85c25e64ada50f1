/**
 * Commands for random histories: every kind, on a venue so small that orders meet, ids repeat, money runs out and prices
 * touch their bounds. Written from the codec's schema, so that it does not share the engine's idea of what is likely.
 */
import {
  ANY,
  CANCEL_ON_DISCONNECT,
  FIRST_CUSTOMER,
  INSTRUMENT_STATES,
  POST_ONLY,
  REDUCE_ONLY,
  SELF_TRADE_RULES,
  type EngineCommandDraft,
  type OrderType,
  type TimeInForce,
} from '@core/contracts';
import { type Dice } from './dice.js';
import { type ReferenceExchange } from './reference-exchange.js';
import { type Order } from './reference-state.js';

export const CUSTOMERS = 6;
export const ASSETS = 4;
const USD = 0;
export const INSTRUMENTS = 4;
const MARGINED = 2;
const MIDDLE = 40;
const MICROS = 1_000;
/** Throws that one command takes at most. */
export const THROWS = 40;

type DraftOf<K extends EngineCommandDraft['kind']> = Extract<EngineCommandDraft, { kind: K }>;

const pick = <T>(dice: Dice, from: readonly T[]): T => from[dice.below(from.length)]!;
const oneIn = (dice: Dice, chances: number): boolean => dice.below(chances) === chances - 1;

/** Every third customer cannot afford much. */
const isPoor = (account: number): boolean => account % 3 === 0;

/** Lists the instruments, funds the customers and opens trading. */
export function openingCommands(): EngineCommandDraft[] {
  const customers = Array.from({ length: CUSTOMERS }, (_, k) => FIRST_CUSTOMER + k);
  const fund = customers.flatMap((account) =>
    Array.from({ length: ASSETS }, (_, asset): EngineCommandDraft => {
      const amount = (asset === USD ? 40_000n : 3_000n) / (isPoor(account) ? 20n : 1n);
      return { kind: 'credit', account, asset, amount, transferHigh: 1n, transferLow: BigInt(account * 8 + asset) };
    }),
  );
  const insurance: EngineCommandDraft = { kind: 'credit', account: 2, asset: USD, amount: 300n, transferHigh: 2n, transferLow: 0n }; // prettier-ignore
  const numbers = Array.from({ length: INSTRUMENTS }, (_, k) => k);
  return [
    ...fund,
    insurance,
    ...numbers.map(listing),
    { kind: 'mark-price', instrument: MARGINED, price: MIDDLE },
    { kind: 'set-fees', instrument: ANY, tier: 0, makerPpm: -100, takerPpm: 2_500 },
    { kind: 'set-fees', instrument: 1, tier: 1, makerPpm: 1_000, takerPpm: 70_000 },
    ...numbers.map((instrument): EngineCommandDraft => ({ kind: 'set-state', instrument, state: 'open' })),
  ];
}

/** Spot with whole units, spot whose ticks are fractions of a unit, a margined contract, spot between two coins. */
function listing(instrument: number): EngineCommandDraft {
  const isMargined = instrument === MARGINED;
  return {
    kind: 'list-instrument',
    instrument,
    base: isMargined ? 3 : instrument === 3 ? 2 : instrument + 1,
    quote: instrument === 3 ? 1 : USD,
    lotUnits: instrument === 1 ? 3n : 1n,
    tickValue: instrument === 1 ? 7n : 1n,
    tickValueScale: instrument === 1 ? 10n : 1n,
    minimumQuantity: instrument === 1 ? 2n : 1n,
    maximumQuantity: 500n,
    maximumPrice: 80,
    initialMarginPpm: isMargined ? 100_000 : 0,
    maintenanceMarginPpm: isMargined ? 50_000 : 0,
    settlement: isMargined ? 'margined' : 'spot',
    symbol: `I${instrument}`,
  };
}

/** Mostly the venue trades: what stands in its way is put right. */
function repairing(exchange: ReferenceExchange): EngineCommandDraft | null {
  if (exchange.killed) return { kind: 'kill-switch', position: 'released' };
  for (const { instrument, state } of exchange.instruments.values()) {
    if (state === 'closed' || state === 'pre-open' || state === 'halted')
      return { kind: 'set-state', instrument, state: 'open' };
    if (state === 'cancel-only') return { kind: 'set-state', instrument, state: 'pre-open' };
  }
  for (const [account, { state, tier }] of exchange.people) {
    if (state === 'suspended') return { kind: 'set-account', account, tier, state: 'active' };
  }
  return null;
}

const customer = (dice: Dice): number =>
  oneIn(dice, 150)
    ? pick(dice, [0, 15, FIRST_CUSTOMER + CUSTOMERS, 1 << 18, ANY])
    : FIRST_CUSTOMER + dice.below(CUSTOMERS);

const instrumentOf = (dice: Dice): number =>
  oneIn(dice, 200) ? pick(dice, [77, ANY]) : pick(dice, [0, 0, 0, 1, 1, 2, 2, 3]);

const priceOf = (dice: Dice): number =>
  oneIn(dice, 60) ? pick(dice, [0, 1, 80, 81, -5]) : MIDDLE - 8 + dice.below(9) + dice.below(9);

const quantityOf = (dice: Dice): bigint =>
  oneIn(dice, 80) ? pick(dice, [0n, 1n, 500n, 501n, -3n]) : BigInt(1 + dice.below(oneIn(dice, 8) ? 200 : 20));

function place(dice: Dice, exchange: ReferenceExchange): DraftOf<'place'> {
  const type: OrderType = pick(dice, [
    'limit',
    'limit',
    'limit',
    'limit',
    'limit',
    'limit',
    'market',
    'stop',
    'stop-limit',
    'trailing-stop',
  ]);
  const isStop = type === 'stop' || type === 'stop-limit' || type === 'trailing-stop';
  const usual: readonly TimeInForce[] =
    type === 'market' ? ['ioc', 'ioc', 'fok'] : isStop ? ['gtc', 'gtd'] : ['gtc', 'gtc', 'gtc', 'gtd', 'ioc', 'fok'];
  const timeInForce = oneIn(dice, 60) ? pick(dice, ['gtc', 'ioc', 'fok', 'gtd'] as const) : pick(dice, usual);
  const instrument = instrumentOf(dice);
  const quantity = quantityOf(dice);
  const side = pick(dice, ['buy', 'sell'] as const);
  const isPriced = type === 'limit' || type === 'stop-limit';
  const draft: DraftOf<'place'> = {
    kind: 'place',
    instrument,
    account: customer(dice),
    clientOrderId: oneIn(dice, 3) ? BigInt(1 + dice.below(oneIn(dice, 4) ? 40 : 100_000)) : 0n,
    quantity,
    price: isPriced || oneIn(dice, 100) ? priceOf(dice) : 0,
    side,
    type,
    timeInForce,
    selfTrade: pick(dice, SELF_TRADE_RULES),
    instructions: instructionsOf(dice, instrument, type, timeInForce),
    triggerPrice: isStop || oneIn(dice, 200) ? (type === 'trailing-stop' ? 1 + dice.below(6) : priceOf(dice)) : 0,
  };
  if (timeInForce === 'gtd' || oneIn(dice, 200))
    draft.expiresAt = exchange.now + BigInt(dice.below(80 * MICROS)) - 500n;
  if (type === 'limit' && oneIn(dice, 6)) draft.displayQuantity = BigInt(dice.below(6));
  if (timeInForce === 'ioc' && oneIn(dice, 4)) draft.minimumQuantity = BigInt(dice.below(12));
  if (type === 'market' && side === 'buy' && oneIn(dice, 3)) {
    draft.budget = BigInt(dice.below(2_000));
    if (oneIn(dice, 2)) draft.quantity = 0n;
  }
  return draft;
}

function instructionsOf(dice: Dice, instrument: number, type: OrderType, timeInForce: TimeInForce): number {
  let instructions = 0;
  if (oneIn(dice, type === 'limit' && (timeInForce === 'gtc' || timeInForce === 'gtd') ? 5 : 100))
    instructions |= POST_ONLY;
  if (oneIn(dice, instrument === MARGINED ? 4 : 150)) instructions |= REDUCE_ONLY;
  if (oneIn(dice, 5)) instructions |= CANCEL_ON_DISCONNECT;
  return oneIn(dice, 300) ? 8 : instructions;
}

const anyOpen = (dice: Dice, exchange: ReferenceExchange): Order | undefined =>
  exchange.orders[dice.below(Math.max(1, exchange.orders.length))];

function cancel(dice: Dice, exchange: ReferenceExchange): EngineCommandDraft {
  const order = anyOpen(dice, exchange);
  const isWrong = oneIn(dice, 20);
  const account = order === undefined || (isWrong && oneIn(dice, 2)) ? customer(dice) : order.account;
  const orderId = (order?.id ?? 0n) + (isWrong ? BigInt(dice.below(3) << 20) : 0n);
  return { kind: 'cancel', account, orderId };
}

function replace(dice: Dice, exchange: ReferenceExchange): EngineCommandDraft {
  const order = anyOpen(dice, exchange);
  const open = order === undefined ? 5n : order.open + order.hidden;
  const keepsPrice = oneIn(dice, 3);
  const isAtMarket = order?.dormant === true && (order.type === 'stop' || order.type === 'trailing-stop');
  const isTriggered = order?.dormant === true && oneIn(dice, 2);
  return {
    kind: 'replace',
    account: order === undefined || oneIn(dice, 40) ? customer(dice) : order.account,
    orderId: order?.id ?? 1n,
    price:
      keepsPrice && order !== undefined && !isAtMarket
        ? order.price
        : isAtMarket && !oneIn(dice, 20)
          ? 0
          : priceOf(dice),
    quantity: oneIn(dice, 2) ? quantityOf(dice) : open - BigInt(dice.below(3)),
    quantityMeans: oneIn(dice, 3) ? 'total' : 'open',
    postOnly: pick(dice, ['kept', 'kept', 'kept', 'kept', 'released', 'set'] as const),
    ...(isTriggered || oneIn(dice, 60) ? { triggerPrice: priceOf(dice) } : {}),
  };
}

const cancelByClientId = (dice: Dice): EngineCommandDraft => ({
  kind: 'cancel-by-client-id',
  account: customer(dice),
  clientOrderId: BigInt(dice.below(41)),
});

const cancelAll = (dice: Dice): EngineCommandDraft => ({
  kind: 'cancel-all',
  account: oneIn(dice, 5) ? ANY : customer(dice),
  instrument: oneIn(dice, 2) ? ANY : instrumentOf(dice),
  session: oneIn(dice, 2) ? 1 + dice.below(3) : 0,
});

const transfer = (dice: Dice): EngineCommandDraft => ({
  kind: oneIn(dice, 2) ? 'debit' : 'credit',
  account: oneIn(dice, 40) ? dice.below(4) : customer(dice),
  asset: oneIn(dice, 100) ? 200 : dice.below(ASSETS),
  amount: oneIn(dice, 60) ? pick(dice, [0n, -1n, 1n << 62n, (1n << 63n) - 1n]) : BigInt(1 + dice.below(3_000)),
  transferHigh: 7n,
  transferLow: BigInt(dice.below(4_000)),
});

const markPrice = (dice: Dice): EngineCommandDraft => ({
  kind: 'mark-price',
  instrument: oneIn(dice, 30) ? instrumentOf(dice) : MARGINED,
  price: oneIn(dice, 5) ? 1 + dice.below(80) : priceOf(dice),
});

const setState = (dice: Dice): EngineCommandDraft => ({
  kind: 'set-state',
  instrument: instrumentOf(dice),
  state: pick(dice, INSTRUMENT_STATES),
});

const setFees = (dice: Dice): EngineCommandDraft => ({
  kind: 'set-fees',
  instrument: oneIn(dice, 2) ? ANY : instrumentOf(dice),
  tier: oneIn(dice, 30) ? 16 : dice.below(3),
  makerPpm: oneIn(dice, 20) ? pick(dice, [-1_000_001, 1_000_000, -1_000_000]) : dice.below(4_000) - 1_500,
  takerPpm: oneIn(dice, 20) ? pick(dice, [-1, 1_000_000, 1_000_001]) : dice.below(90_000),
});

const setBands = (dice: Dice): EngineCommandDraft => ({
  kind: 'set-bands',
  instrument: instrumentOf(dice),
  referencePrice: oneIn(dice, 2) ? 0 : priceOf(dice),
  pricePpm: dice.below(3) !== 2 ? 0 : 100_000 + dice.below(200_000),
  protectionPpm: dice.below(3) !== 2 ? 0 : dice.below(150_000),
  haltPpm: dice.below(4) !== 3 ? 0 : 40_000 + dice.below(100_000),
  haltWindow: BigInt(dice.below(6) * MICROS),
  reopenAfter: BigInt(dice.below(3) * MICROS),
});

const setAccount = (dice: Dice): EngineCommandDraft => ({
  kind: 'set-account',
  account: customer(dice),
  tier: oneIn(dice, 30) ? 16 : dice.below(3),
  state: oneIn(dice, 6) ? 'suspended' : 'active',
});

const relist = (dice: Dice): EngineCommandDraft => ({
  ...(listing(dice.below(INSTRUMENTS)) as DraftOf<'list-instrument'>),
  instrument: pick(dice, [0, 5, 256]),
  maximumPrice: pick(dice, [80, 0, (1 << 25) - 2, 1 << 25]),
  maximumQuantity: pick(dice, [500n, 1n << 40n, 0n, 1n << 62n]),
});

const nameClientOrder = (dice: Dice): EngineCommandDraft => ({
  kind: 'name-client-order',
  account: customer(dice),
  clientOrderId: BigInt(dice.below(41)),
  text: Uint8Array.from({ length: 32 }, (_, k) => (k < 3 ? dice.below(256) : 0)),
});

/** Kinds by how often they come. */
export type Kinds = readonly (readonly [number, (dice: Dice, exchange: ReferenceExchange) => EngineCommandDraft])[];

/** Those that there were when the first histories were kept: a seed makes the same commands of them for good. */
export const FIRST_KINDS: Kinds = [
  [700, place],
  [60, cancel],
  [110, replace],
  [25, cancelByClientId],
  [8, cancelAll],
  [45, transfer],
  [20, markPrice],
  [10, setState],
  [12, setFees],
  [20, setBands],
  [8, setAccount],
  [2, (dice) => ({ kind: 'kill-switch', position: oneIn(dice, 3) ? 'engaged' : 'released' })],
  [3, relist],
  [5, () => ({ kind: 'audit' })],
  [12, () => ({ kind: 'tick' })],
];
const ALL_KINDS: Kinds = [...FIRST_KINDS, [15, nameClientOrder]];

/** The next command of a random history, on the venue as the reference exchange knows it. */
export function randomCommand(dice: Dice, exchange: ReferenceExchange, kinds = ALL_KINDS): EngineCommandDraft {
  const repair = dice.below(3) === 2 ? repairing(exchange) : null;
  if (repair !== null) return timed(repair, dice, exchange);
  let ticket = dice.below(kinds.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, make] of kinds) {
    if (ticket < weight) return timed(make(dice, exchange), dice, exchange);
    ticket -= weight;
  }
  throw new Error('weights do not add up');
}

function timed(draft: EngineCommandDraft, dice: Dice, exchange: ReferenceExchange): EngineCommandDraft {
  // The clock sometimes jumps, and sometimes steps back.
  const step = oneIn(dice, 20) ? dice.below(20 * MICROS) - 5 * MICROS : dice.below(300);
  const time = exchange.now + BigInt(step);
  return { ...draft, origin: 1 + dice.below(3), time: time < 0n ? 0n : time };
}
