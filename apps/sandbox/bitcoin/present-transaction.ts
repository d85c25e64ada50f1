import { type CoinView, type Input, type TX } from 'bcoin';
import { addressOf } from './address.js';
import { inferDescriptor } from './descriptor.js';
import { type Json } from './exact-json.js';
import { virtualSize } from './policy.js';
import { reverseHex } from './regtest.js';
import { scriptAsm } from './script-asm.js';
import { scriptType } from './script-type.js';

type JsonObject = { readonly [key: string]: Json | undefined };

/** How much of the spent coins a transaction shows: nothing, the fee, or each coin as well. */
export interface SpentDetail {
  readonly view: CoinView;
  readonly prevouts: boolean;
}

/** A transaction as `getrawtransaction` and `getblock 2` show it. */
export function presentTransaction(tx: TX, spent?: SpentDetail): JsonObject {
  const weight = tx.getWeight();
  return {
    txid: tx.txid(),
    hash: tx.wtxid(),
    version: tx.version,
    size: tx.getSize(),
    vsize: virtualSize(weight),
    weight,
    locktime: tx.locktime,
    vin: tx.inputs.map((input) => presentInput(tx, input, spent)),
    vout: tx.outputs.map(({ value, script }, n) => ({
      value: BigInt(value),
      n,
      scriptPubKey: presentScript(script.raw),
    })),
    fee: spent && !tx.isCoinbase() ? feeOf(tx, spent.view) : undefined,
    hex: tx.toRaw().toString('hex'),
  };
}

/** A locking script as every answer shows it. */
export function presentScript(script: Buffer): JsonObject {
  return {
    asm: scriptAsm(script),
    desc: inferDescriptor(script),
    hex: script.toString('hex'),
    address: addressOf(script),
    type: scriptType(script),
  };
}

function presentInput(tx: TX, input: Input, spent: SpentDetail | undefined): JsonObject {
  const witness = input.witness.items.map((item) => item.toString('hex'));
  const txinwitness = witness.length > 0 ? witness : undefined;
  const { sequence, prevout, script } = input;
  if (tx.isCoinbase()) return { coinbase: script.raw.toString('hex'), txinwitness, sequence };
  return {
    txid: reverseHex(prevout.hash),
    vout: prevout.index,
    scriptSig: { asm: scriptAsm(script.raw, true), hex: script.raw.toString('hex') },
    txinwitness,
    prevout: spent?.prevouts ? presentPrevout(input, spent.view) : undefined,
    sequence,
  };
}

function presentPrevout({ prevout }: Input, view: CoinView): JsonObject | undefined {
  const coin = view.getEntry(prevout);
  if (!coin) return undefined;
  const { coinbase: generated, height, output } = coin;
  return { generated, height, value: BigInt(output.value), scriptPubKey: presentScript(output.script.raw) };
}

/** Undefined when a spent coin is not known, as for a block that was never connected. */
function feeOf(tx: TX, view: CoinView): bigint | undefined {
  let fee = tx.outputs.reduce((sum, { value }) => sum - BigInt(value), 0n);
  for (const { prevout } of tx.inputs) {
    const output = view.getOutput(prevout);
    if (!output) return undefined;
    fee += BigInt(output.value);
  }
  return fee;
}
