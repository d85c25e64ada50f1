import { FIRST_CUSTOMER } from '@core/contracts';
import { balanceOf, balances, ROW_BALANCES, rowOf } from './balances.js';
import { capacity } from './capacity.js';
import { payingBalance } from './hold.js';
import { instruments, INSTRUMENT_SHIFT, settlementRule } from './instruments.js';
import { forEachOpenOrder, openOrderCount } from './open-orders.js';
import { orders } from './orders.js';
import { positionOf, positions } from './positions.js';
import { audited } from './venue-events.js';
import { venue } from './venue.js';

const { MAX_ASSETS } = capacity;

/** Indices in AUDIT_OUTCOMES. */
const SOUND = 0;
const UNSOUND = 1;

/** Carries out an `audit`: counts the money, in O(accounts × assets + orders), and says whether it is all there. */
export function audit(): void {
  const assets = Array.from({ length: MAX_ASSETS }, (_, asset) => asset).filter(
    (asset) => balances.supply[asset] !== BigInt(0),
  );
  audited(unsoundness() === null ? SOUND : UNSOUND, venue.accounts, assets.length, openOrderCount());
}

/**
 * What is wrong with the books, or null: per asset the balances sum to the supply and no account has less than nothing
 * or more held than owned; what is held is what open orders and margins hold; positions and bases sum to nothing.
 */
export function unsoundness(): string | null {
  const heldByOrders = new Array<bigint>(MAX_ASSETS).fill(0n);
  forEachOpenOrder((order) => {
    heldByOrders[Math.floor(payingBalance(order) / (ROW_BALANCES * 2))]! += orders.hold[order]!;
  });
  for (let number = 0; number < venue.instruments; number += 1) {
    const i = number << INSTRUMENT_SHIFT;
    if (instruments.settlement[i] !== settlementRule.MARGINED) continue;
    const wrong = sumPositions(i, heldByOrders);
    if (wrong !== null) return wrong;
  }
  for (let asset = 0; asset < MAX_ASSETS; asset += 1) {
    const wrong = sumAsset(asset, heldByOrders[asset]!);
    if (wrong !== null) return wrong;
  }
  return null;
}

function sumPositions(i: number, held: bigint[]): string | null {
  let lots = 0n;
  let basis = 0n;
  for (let owner = FIRST_CUSTOMER; owner < venue.accounts; owner += 1) {
    const p = positionOf(instruments.positionsRow[i]!, owner);
    lots += positions.lots[p]!;
    basis += positions.basis[p]!;
    held[instruments.quote[i]!]! += positions.margin[p]!;
  }
  if (lots === BigInt(0) && basis === BigInt(0)) return null;
  return `positions of instrument ${i >> INSTRUMENT_SHIFT} sum to ${lots} lots at ${basis}`;
}

function sumAsset(asset: number, heldByOrders: bigint): string | null {
  let sum = 0n;
  let held = 0n;
  for (let account = 0; account < venue.accounts; account += 1) {
    const balance = balanceOf(rowOf(asset), account);
    const total = balances.total[balance]!;
    if (total < BigInt(0) || balances.held[balance]! < BigInt(0) || balances.held[balance]! > total) {
      return `account ${account} owns ${total} of asset ${asset} with ${balances.held[balance]} held`;
    }
    sum += total;
    held += balances.held[balance]!;
  }
  if (sum !== balances.supply[asset]) return `asset ${asset} sums to ${sum} of ${balances.supply[asset]}`;
  return held === heldByOrders ? null : `asset ${asset} has ${held} held where orders and margins hold ${heldByOrders}`;
}
