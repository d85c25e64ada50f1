/** The operator's commands about instruments, fees, bands and accounts. A refused one has changed nothing. */
import { amountOffsets, ANY, engineCommands, engineEvents, FIRST_CUSTOMER, wordOffsets } from '@core/contracts';
import { instrumentHandle } from './admission.js';
import { accountRecord, accounts, accountStanding } from './balances.js';
import { capacity } from './capacity.js';
import { commands } from './commands.js';
import { feeRecord, fees, INSTRUMENT_SHIFT, instruments } from './instruments.js';
import { cancelOpenOrder, forEachOpenOrder } from './open-orders.js';
import { orders } from './orders.js';
import { CANCELLED, REFUSED } from './reasons.js';
import { openAccount } from './transfers.js';
import { commandDone, commandRejected, ordersCancelled } from './venue-events.js';
import { venue } from './venue.js';
import { centreHaltBand } from './volatility.js';

const { ACTIVE, SUSPENDED } = accountStanding;
const { FEE_TIERS, MAX_ACCOUNTS } = capacity;

const { words, amounts } = commands;
const { accountNext } = orders;
const { tier, standing, newestOrder } = accounts;
const WHOLE_PPM = 1_000_000;

const feeWord = wordOffsets(engineCommands.messages['set-fees']);

/** Carries out the `set-fees` at word `w`, for one instrument or for all listed ones. */
export function setFees(w: number): void {
  const number = words[w + feeWord.instrument]!;
  const maker = words[w + feeWord.makerPpm]!;
  const taker = words[w + feeWord.takerPpm]!;
  const level = words[w + feeWord.tier]! >>> 0;
  const isForAll = number >>> 0 === ANY;
  if (!isForAll && instrumentHandle(number) < 0) return commandRejected(w, number, REFUSED.unknown_instrument);
  const isWrong = level >= FEE_TIERS || Math.abs(maker) > WHOLE_PPM || taker < 0 || taker > WHOLE_PPM;
  if (isWrong) return commandRejected(w, number, REFUSED.invalid_fees);
  for (let each = isForAll ? 0 : number; each < (isForAll ? venue.instruments : number + 1); each += 1) {
    if (instruments.listed[each << INSTRUMENT_SHIFT] === 0) continue;
    const record = feeRecord(each << INSTRUMENT_SHIFT, level);
    fees.makerPpm[record] = maker;
    fees.takerPpm[record] = taker;
  }
  commandDone(engineEvents.messages['fees-set'], w);
}

const BANDS = engineCommands.messages['set-bands'];
const bandWord = wordOffsets(BANDS);
const bandAmount = amountOffsets(BANDS);

/** Carries out the `set-bands` at word `w`. The halt band starts anew around the reference, or else the last price. */
export function setBands(w: number): void {
  const number = words[w + bandWord.instrument]!;
  const i = instrumentHandle(number);
  if (i < 0) return commandRejected(w, number, REFUSED.unknown_instrument);
  const rates = [words[w + bandWord.pricePpm]!, words[w + bandWord.protectionPpm]!, words[w + bandWord.haltPpm]!];
  const reference = words[w + bandWord.referencePrice]!;
  const window = amounts[(w >> 1) + bandAmount.haltWindow]!;
  const reopenAfter = amounts[(w >> 1) + bandAmount.reopenAfter]!;
  const isWrong =
    rates.some((ppm) => ppm < 0 || ppm > WHOLE_PPM) ||
    reference < 0 ||
    reference > instruments.maximumPrice[i]! ||
    !isDuration(window) ||
    !isDuration(reopenAfter) ||
    (rates[2]! > 0 && window === BigInt(0));
  if (isWrong) return commandRejected(w, number, REFUSED.invalid_bands);
  [instruments.pricePpm[i], instruments.protectionPpm[i], instruments.haltPpm[i]] = rates as [number, number, number];
  instruments.haltWindow[i] = window;
  instruments.reopenAfter[i] = reopenAfter;
  if (reference > 0) instruments.referencePrice[i] = reference;
  centreHaltBand(i, reference > 0 ? reference : instruments.lastPrice[i]!);
  commandDone(engineEvents.messages['bands-set'], w);
}

/** Microseconds of at most a thousand years, so that adding them to a time cannot overflow. */
const isDuration = (microseconds: bigint): boolean => microseconds >= BigInt(0) && microseconds < 1n << 55n;

const accountWord = wordOffsets(engineCommands.messages['set-account']);

/** Carries out the `set-account` at word `w`. Suspension cancels what the account has open. */
export function setAccount(w: number): void {
  const account = words[w + accountWord.account]!;
  const level = words[w + accountWord.tier]! >>> 0;
  const state = words[w + accountWord.state]! & 255;
  if (account < FIRST_CUSTOMER || account >= MAX_ACCOUNTS) return commandRejected(w, ANY, REFUSED.unknown_account);
  if (level >= FEE_TIERS || state > 1) return commandRejected(w, ANY, REFUSED.malformed);
  openAccount(account);
  const record = accountRecord(account);
  tier[record] = level;
  standing[record] = state === 0 ? ACTIVE : SUSPENDED;
  if (state === 1) {
    for (let order = newestOrder[record]!; order !== 0;) {
      const older = accountNext[order]!;
      cancelOpenOrder(order, CANCELLED.account_suspended);
      order = older;
    }
  }
  commandDone(engineEvents.messages['account-set'], w);
}

const switchWord = wordOffsets(engineCommands.messages['kill-switch']);

/** Carries out the `kill-switch` at word `w`. */
export function killSwitch(w: number): void {
  const position = words[w + switchWord.position]! & 255;
  if (position > 1) return commandRejected(w, ANY, REFUSED.malformed);
  venue.killed[0] = position;
  commandDone(engineEvents.messages['kill-switch-set'], w);
  if (position === 0) return;
  let count = 0;
  forEachOpenOrder((order) => {
    cancelOpenOrder(order, CANCELLED.kill_switch);
    count += 1;
  });
  ordersCancelled(ANY, ANY, 0, count);
}
