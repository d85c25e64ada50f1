import { randomBytes, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Psbt, Transaction } from 'bitcoinjs-lib';
import { Transaction as EthereumTransaction } from 'ethers';
import { type SignRequest } from '@core/contracts';
import { BITCOIN_PAYEE, ETHEREUM_PAYEE, SigningRoom } from './testing/signing-room.js';

const MUTATIONS = process.env['TORTURE'] ? 100_000 : 600;

let room: SigningRoom;
beforeEach(async () => {
  room = await SigningRoom.open();
});
afterEach(() => room.close());

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** xorshift32, so that a run replays from the seed it prints. */
class Dice {
  constructor(private state: number) {}
  below(n: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % n;
  }
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }
}

/** Every place in a value where something stands. */
function paths(value: Json, at: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [
    at,
    ...Object.entries(value).flatMap(([key, inner]) => paths(inner, [...at, Array.isArray(value) ? Number(key) : key])),
  ];
}

function mutateValue(value: Json, dice: Dice): Json {
  if (typeof value === 'number') return dice.pick([value + 1, value - 1, 0, -1, 2 ** 31, 1.5, 2 ** 53, String(value)]);
  if (typeof value === 'string') return mutateText(value, dice);
  return dice.pick<Json>([null, [], {}, 'x', 0, true]);
}

function mutateText(text: string, dice: Dice): Json {
  const at = dice.below(Math.max(text.length, 1));
  const alphabet = /^[0-9]+$/.test(text)
    ? '0123456789'
    : /^(0x)?[0-9a-f-]+$/.test(text)
      ? '0123456789abcdef'
      : 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=';
  const letter = dice.pick([...alphabet]);
  return dice.pick<() => Json>([
    () => text.slice(0, at) + letter + text.slice(at + 1),
    () => text.slice(0, at) + letter + text.slice(at + 1),
    () => text.slice(0, at) + text.slice(at + 1),
    () => text.slice(0, at) + letter + text.slice(at),
    () => dice.pick(['', '0', '-1', '1e18', BITCOIN_PAYEE, ETHEREUM_PAYEE, 'bcrt1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qzf4jry', 'ETH', 'BTC', 'eip155:1', 'bitcoin:mainnet', 'sweep', 'cancel', 'withdrawal']),
    () => null,
  ])(); // prettier-ignore
}

function edit(value: Json, path: readonly (string | number)[], dice: Dice): Json {
  const [key, ...rest] = path;
  if (key === undefined) return mutateValue(value, dice);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((inner, at) => (at === key ? edit(inner, rest, dice) : inner));
  if (rest.length === 0 && dice.below(8) === 0) {
    return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, name === key ? edit(inner, rest, dice) : inner]),
  );
}

/** Changes a PSBT through a library that lets us, as a dishonest worker would. */
function editPsbt(psbt: string, dice: Dice): string {
  const parsed = Psbt.fromBase64(psbt);
  const { globalMap, inputs, outputs } = parsed.data;
  const { tx: unsigned } = globalMap.unsignedTx as typeof globalMap.unsignedTx & { tx: Transaction };
  const output = dice.pick(unsigned.outs);
  const fields = dice.pick(inputs);
  dice.pick<() => void>([
    () => void (output.value += BigInt(dice.below(2000) - 1000)),
    () => void (output.script[2 + dice.below(20)] = dice.below(256)),
    () => void (unsigned.locktime = dice.pick([0, 1, 499_999_999, 500_000_000, 0xffffffff])),
    () => void (unsigned.version = dice.pick([1, 2, 3])),
    () => void (unsigned.ins[0] && (unsigned.ins[0].sequence = dice.pick([0, 1, 0xffffffff, 0xfffffffe]))),
    () => void (unsigned.ins[0] && (unsigned.ins[0].index = dice.below(3))),
    () => void (fields.witnessUtxo && (fields.witnessUtxo.value += 1000n)),
    () => void delete fields.nonWitnessUtxo,
    () => void delete fields.bip32Derivation,
    () => void (fields.sighashType = dice.pick([0, 2, 3, 0x81, 0x83])),
    () => void delete dice.pick(outputs).bip32Derivation,
    () => {
      const [first, second] = unsigned.outs;
      if (first && second) [first.value, second.value] = [second.value, first.value];
    },
    () => {
      unsigned.addOutput(Uint8Array.from([0, 20, ...randomBytes(20)]), 1_000n);
      outputs.push({});
    },
    () => {
      const bytes = fields.nonWitnessUtxo;
      if (bytes) bytes[dice.below(bytes.length)] = dice.below(256);
    },
  ])();
  return parsed.toBase64();
}

function mutate(request: SignRequest, dice: Dice): unknown {
  if (request.transaction.kind === 'bitcoin' && dice.below(2) === 0) {
    return { ...request, transaction: { kind: 'bitcoin', psbt: editPsbt(request.transaction.psbt, dice) } };
  }
  const plain = JSON.parse(JSON.stringify(request)) as Json;
  return edit(plain, dice.pick(paths(plain)), dice);
}

/** Whether a finished transaction pays exactly what was approved, read without any code of ours. */
function honours(raw: string, request: SignRequest, changeScripts: ReadonlySet<string>, spent: bigint): boolean {
  const { ticket } = request;
  if (ticket.chainId.startsWith('eip155')) {
    const { to, value, chainId, data, gasLimit, maxFeePerGas } = EthereumTransaction.from(raw);
    const cost = gasLimit * (maxFeePerGas ?? 0n);
    return (
      to === ETHEREUM_PAYEE &&
      value === BigInt(ticket.amount) &&
      chainId === 31337n &&
      data === '0x' &&
      cost <= BigInt(ticket.maxFee)
    );
  }
  const { outs } = Transaction.fromHex(raw);
  const hex = (script: Uint8Array): string => Buffer.from(script).toString('hex');
  const paid = outs.filter(({ script }) => hex(script) === '0014751e76e8199196d454941c45d1b3a323f1433bd6');
  const rest = outs.filter((out) => !paid.includes(out));
  const fee = spent - outs.reduce((sum, { value }) => sum + value, 0n);
  return (
    paid.length === 1 &&
    paid[0]?.value === BigInt(ticket.amount) &&
    rest.every(({ script }) => changeScripts.has(hex(script))) &&
    fee >= 0n &&
    fee <= BigInt(ticket.maxFee)
  );
}

describe('D8, D9: a changed request', () => {
  it(`${MUTATIONS} mutations of approved requests: no signature that differs from what was approved`, async () => {
    const seed = Number(process.env['SEED'] ?? randomBytes(4).readUInt32BE() | 1);
    process.stderr.write(`signer fuzz seed ${seed}\n`);
    const dice = new Dice(seed);
    const changeScripts = new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((index) => Buffer.from(room.keyring.bitcoinScript({ branch: 1, index })).toString('hex')));
    const tally = { signed: 0, refused: 0 };
    for (let at = 0; at < MUTATIONS; at++) {
      const request = at % 3 === 2 ? room.ethereumRequest({ nonce: at }) : room.bitcoinRequest();
      const response = await room.signer.handle(mutate(request, dice));
      if (response.type !== 'signed') {
        tally.refused++;
        continue;
      }
      tally.signed++;
      expect({ seed, at, honoured: honours(response.raw, request, changeScripts, 150_000n) }).toEqual({ seed, at, honoured: true });
    }
    expect(tally.refused).toBeGreaterThan(MUTATIONS * 0.6);
    // The harness can see both outcomes: harmless mutations (the request's id, the lock time) still sign.
    expect(tally.signed).toBeGreaterThan(0);
  }, 1_800_000); // prettier-ignore

  it('every field of the ticket is under the approval: each alone, changed, is refused', async () => {
    for (const build of [() => room.bitcoinRequest(), () => room.ethereumRequest()]) {
      const { ticket } = build();
      for (const field of Object.keys(ticket) as (keyof typeof ticket)[]) {
        const request = build();
        const value = request.ticket[field];
        const changed = typeof value === 'number' ? value + 1 : field === 'intentId' ? randomUUID() : field === 'maxFee' ? `${value}0` : `${value}1`;
        const response = await room.signer.handle({ ...request, ticket: { ...request.ticket, [field]: changed } });
        expect({ field, type: response.type }).toEqual({ field, type: 'refused' });
      }
    }
  });
}); // prettier-ignore
