import { describe, expect, it } from '@jest/globals';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { Psbt, Transaction } from 'bitcoinjs-lib';
import { buildPsbt, decodeBitcoinAddress, readPsbt, signBitcoinTransaction, signDigest, type DigestSigner, transactionWeight, verifySigned, type PsbtInput } from './index.js'; // prettier-ignore
import { specCoin, specMaster, specOrigin } from './testing/coins.js';
import { officialVectors } from './testing/official-vectors.js';

const bip174 = officialVectors<{ cases: { group: string; case: string; hex: string }[] }>('bip174-psbt');
const bip370 = officialVectors<{ cases: { group: string; case: string; hex: string }[] }>('bip370-psbt');

const master = specMaster();
const payee = decodeBitcoinAddress('bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080', 'regtest').script;
const change = specOrigin(master, { branch: 1, index: 0 });
const inputs = [
  specCoin(specOrigin(master, { branch: 0, index: 1 }), 70_000n, 1),
  specCoin(specOrigin(master, { branch: 1, index: 2 }), 50_000n, 2),
];

const keyFor =
  ({ path }: { path: string }): DigestSigner =>
  (digest) =>
    signDigest(master.derive(path).privateKey ?? new Uint8Array(), digest);

function build(overrides: { inputs?: readonly PsbtInput[]; pay?: bigint } = {}): string {
  const changeScript = Uint8Array.from([0, 20, ...(master.derive(change.path).pubKeyHash ?? [])]);
  return buildPsbt({
    network: 'regtest',
    inputs: overrides.inputs ?? inputs,
    outputs: [
      { script: payee, value: overrides.pay ?? 100_000n },
      { script: changeScript, value: 19_000n, origin: change },
    ],
    lockTime: 450,
  });
}

const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** Edits a PSBT behind our builder's back. */
function tamper(psbt: string, edit: (psbt: Psbt) => void): string {
  const parsed = Psbt.fromBase64(psbt);
  edit(parsed);
  return parsed.toBase64();
}

const code = (run: () => unknown): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? 'no code';
  }
};

describe('an unsigned Bitcoin transaction', () => {
  it('reads back as it was built, with the fee that its previous transactions prove', () => {
    const read = readPsbt(build());
    expect(read.fee).toBe(1_000n);
    expect(read.lockTime).toBe(450);
    expect(read.inputs.map(({ value }) => value)).toEqual([70_000n, 50_000n]);
    expect(read.inputs.map(({ origin }) => origin.path)).toEqual(inputs.map(({ origin }) => origin.path));
    expect(read.outputs[0]).toEqual({ script: payee, value: 100_000n });
    expect(read.outputs[1]?.origin).toEqual(change);
  });

  it('signs to a transaction that both libraries verify, no larger than its estimate', () => {
    const unsigned = readPsbt(build());
    const signed = signBitcoinTransaction(unsigned, keyFor);
    expect(signed.txid).toBe(unsigned.txid);
    verifySigned(signed.raw, unsigned);
    const bound = Math.ceil(transactionWeight({ inputs: 2, scriptLengths: [22, 22] }) / 4);
    expect(signed.virtualSize).toBeLessThanOrEqual(bound);
    expect(signed.virtualSize).toBeGreaterThan(bound - 3);
    expect(signBitcoinTransaction(unsigned, keyFor)).toEqual(signed);
  });

  it('W13: refuses an input that lies about its value, or brings no previous transaction', () => {
    const lying = tamper(build(), (psbt) => {
      const coin = psbt.data.inputs[0]?.witnessUtxo;
      if (coin) coin.value = 7_000_000n;
    });
    expect(code(() => readPsbt(lying))).toMatch(/previous_transaction_mismatch|transaction_malformed/);
    const bare = tamper(build(), (psbt) => delete psbt.data.inputs[1]?.nonWitnessUtxo);
    expect(code(() => readPsbt(bare))).toBe('previous_transaction_missing');
    const other = tamper(build(), (psbt) => {
      const first = psbt.data.inputs[0];
      if (first) first.nonWitnessUtxo = hexToBytes(inputs[1]?.previousTransaction ?? '');
    });
    expect(code(() => readPsbt(other))).toMatch(/previous_transaction_mismatch|transaction_malformed/);
  });

  it('W14: refuses every sighash but ALL', () => {
    for (const sighashType of [0, 2, 3, 0x81, 0x82, 0x83, 4, 0xff]) {
      const odd = tamper(build(), (psbt) => Object.assign(psbt.data.inputs[0] ?? {}, { sighashType }));
      expect(code(() => readPsbt(odd))).toMatch(/sighash_refused|transaction_malformed/);
    }
    expect(
      code(() => readPsbt(tamper(build(), (psbt) => Object.assign(psbt.data.inputs[0] ?? {}, { sighashType: 1 })))),
    ).toBeUndefined();
  });

  it('refuses outputs above inputs, and an origin that is not the key of the coin', () => {
    expect(code(() => readPsbt(build({ pay: 200_000n })))).toBe('transaction_unbalanced');
    const stranger = specOrigin(master, { branch: 0, index: 99 });
    const [first] = inputs;
    if (!first) throw new Error('no coin');
    const unsigned = readPsbt(build({ inputs: [{ ...first, origin: stranger }], pay: 50_000n }));
    expect(code(() => signBitcoinTransaction(unsigned, keyFor))).toBe('key_mismatch');
  });

  it('notices when a signed transaction is not the one that was asked for', () => {
    const signed = signBitcoinTransaction(readPsbt(build()), keyFor);
    expect(() => verifySigned(signed.raw, readPsbt(build({ pay: 99_999n })))).toThrow(/changed the transaction/);
    const noneInstead = Transaction.fromHex(signed.raw);
    const [signature, key] = noneInstead.ins[0]?.witness ?? [];
    if (!signature || !key) throw new Error('no witness');
    noneInstead.setWitness(0, [Uint8Array.from([...signature.slice(0, -1), 2]), key]);
    expect(code(() => verifySigned(noneInstead.toHex(), readPsbt(build())))).toBe('sighash_refused');
  });

  it('BIP-174: an invalid file is refused, and a valid one is never read as anything it is not', () => {
    for (const { group, case: name, hex } of bip174?.cases ?? []) {
      const outcome = code(() => readPsbt(Buffer.from(hex, 'hex').toString('base64')));
      // The valid cases are P2PKH, P2SH and multisig: well-formed, but not coins that we sign; none may slip through.
      expect({ name, outcome }).not.toEqual({ name, outcome: undefined });
      expect(outcome).not.toBe('no code');
      if (/invalid|Fails/.test(group)) expect(outcome).toMatch(/malformed|mismatch|missing|key_mismatch/);
    }
  });

  it('BIP-370: version 2 files, valid or not, are never taken for version 0', () => {
    for (const { hex } of bip370?.cases ?? []) {
      expect(code(() => readPsbt(Buffer.from(hex, 'hex').toString('base64')))).toBe('transaction_malformed');
    }
  });

  it('W12: any single changed byte of a PSBT is refused, or leaves the signed transaction as it was, or shows in what is read', () => {
    const original = Uint8Array.from(Buffer.from(build(), 'base64'));
    const before = readPsbt(encode(original));
    for (let at = 0; at < original.length; at++) {
      const mutated = Uint8Array.from(original);
      mutated[at] = (mutated[at] ?? 0) ^ 0x01;
      let read;
      try {
        read = readPsbt(encode(mutated));
      } catch (error) {
        expect((error as { code?: string }).code).toBeDefined();
        continue;
      }
      const sameTransaction = bytesToHex(read.bytes) === bytesToHex(before.bytes);
      const sameCoins =
        JSON.stringify(read.inputs.map((i) => String(i.value))) ===
        JSON.stringify(before.inputs.map((i) => String(i.value)));
      // With the same bytes to sign, the amounts must be the same too: this is what the fee attack on SegWit v0 plays with.
      if (sameTransaction) expect(sameCoins).toBe(true);
    }
  });
});
