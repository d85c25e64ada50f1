import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { officialVectors } from '@core/wallet/testing';
import { callNode } from '@platform/chains/testing';
import { Address, OutScript, p2tr, p2tr_ms, Transaction } from '@scure/btc-signer';
import { pubSchnorr, randomPrivateKeyBytes } from '@scure/btc-signer/utils.js';
import bcoin, { type CoinView, type TX } from 'bcoin';
import { CONSENSUS_SCRIPT_FLAGS } from './consensus.js';
import { BitcoinDevChain } from './index.js';
import { TaprootSighash } from './taproot-sighash.js';
import { verifyTaprootProgram } from './taproot.js';
import { NOWHERE, REGTEST, specTransaction, type Rpc, type SpecCoin } from './testing/regtest-wallet.js';

interface WalletVectors {
  readonly scriptPubKey: readonly {
    readonly given: { readonly scriptTree: Tree | null };
    readonly expected: { readonly scriptPubKey: string; readonly scriptPathControlBlocks?: readonly string[] };
  }[];
  readonly keyPathSpending: readonly {
    readonly given: { readonly rawUnsignedTx: string; readonly utxosSpent: readonly Utxo[] };
    readonly inputSpending: readonly {
      readonly given: { readonly txinIndex: number; readonly hashType: number };
      readonly intermediary: { readonly sigHash: string };
      readonly expected: { readonly witness: readonly [string] };
    }[];
  }[];
}
interface Utxo {
  readonly scriptPubKey: string;
  readonly amountSats: number;
}
type Tree = { readonly id: number; readonly script: string; readonly leafVersion: number } | readonly Tree[];

const vectors = officialVectors<WalletVectors>('bip341-wallet');

const output = (script: Buffer, value: number) => ({ value, script: bcoin.Script.fromRaw(script), getSize: () => 0 });

/** A transaction with one input that carries this witness, and one output. */
function spending(witness: readonly string[]): TX {
  const items = witness.map((item) => {
    const bytes = Buffer.from(item, 'hex');
    expect(bytes.length).toBeLessThan(253);
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  });
  const start = `02000000000101${'11'.repeat(32)}0000000000ffffffff01e8030000000000000451024e73`;
  return bcoin.TX.fromRaw(
    Buffer.concat([Buffer.from(start, 'hex'), Buffer.from([items.length]), ...items, Buffer.alloc(4)]),
  );
}

function leavesOf(tree: Tree): { id: number; script: string; leafVersion: number }[] {
  return 'id' in tree ? [tree] : tree.flatMap(leavesOf);
}

describe('taproot rules against BIP-341’s wallet vectors', () => {
  it('computes the message that each input signs', () => {
    for (const { given, inputSpending } of vectors?.keyPathSpending ?? []) {
      const tx = bcoin.TX.fromRaw(Buffer.from(given.rawUnsignedTx, 'hex'));
      const spent = given.utxosSpent.map((utxo) => output(Buffer.from(utxo.scriptPubKey, 'hex'), utxo.amountSats));
      const sighash = new TaprootSighash(tx, spent);
      for (const { given: input, intermediary } of inputSpending) {
        const digest = sighash.digest(input.txinIndex, input.hashType, undefined, undefined);
        expect(digest.toString('hex')).toBe(intermediary.sigHash);
      }
    }
  });

  it('finds each leaf committed to by its control block, and no leaf by another’s', () => {
    for (const { given, expected } of vectors?.scriptPubKey ?? []) {
      const leaves = given.scriptTree ? leavesOf(given.scriptTree) : [];
      const spent = output(Buffer.from(expected.scriptPubKey, 'hex'), 1_000);
      for (const [at, control] of (expected.scriptPathControlBlocks ?? []).entries()) {
        const leaf = leaves[at]!;
        const reveal = (script: string, by = control) => {
          const tx = spending([script, by]);
          return verifyTaprootProgram({ tx, index: 0, spent, sighash: new TaprootSighash(tx, [spent]) });
        };
        expect(reveal(leaf.script)).toMatchObject({ version: leaf.leafVersion, stack: [] });
        expect(() => reveal(`${leaf.script}51`)).toThrow('WITNESS_PROGRAM_MISMATCH');
        // The lowest bit of a control block is the parity of the output key's y.
        const otherParity = Buffer.from(control, 'hex');
        otherParity.writeUInt8(otherParity.readUInt8(0) ^ 1, 0);
        expect(() => reveal(leaf.script, otherParity.toString('hex'))).toThrow('WITNESS_PROGRAM_MISMATCH');
        expect(() => reveal(leaf.script, control.slice(2))).toThrow('TAPROOT_WRONG_CONTROL_SIZE');
      }
    }
  });
});

describe('taproot on the chain', () => {
  let chain: BitcoinDevChain;
  const keys = [1, 2, 3].map(() => randomPrivateKeyBytes());
  const [first] = keys as [Uint8Array, Uint8Array, Uint8Array];
  const rpc: Rpc = (method, ...params) => callNode(chain.url, method, params);
  const send = (hex: string): Promise<string> => rpc('sendrawtransaction', hex);

  beforeAll(async () => {
    chain = await BitcoinDevChain.start();
  });
  afterAll(() => chain.close());

  const destination = OutScript.encode(Address(REGTEST).decode(NOWHERE));
  const keyOnly = () => p2tr(pubSchnorr(first), undefined, REGTEST);
  // BIP-341's point without a known secret, so that only the script can spend.
  const unspendable = Buffer.from('50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0', 'hex');
  const vault = () => p2tr(unspendable, { script: p2tr_ms(2, keys.map(pubSchnorr)).script }, REGTEST);

  async function fund(payment: { script: Uint8Array; address?: string }): Promise<SpecCoin> {
    const txid = await rpc<string>('sandbox_faucet', payment.address, '0.01');
    await rpc('sandbox_mine');
    const [hash] = [await rpc<string>('getbestblockhash')];
    const { vout } = await rpc<{ vout: { n: number; scriptPubKey: { hex: string } }[] }>(
      'getrawtransaction',
      txid,
      true,
      hash,
    );
    const wanted = Buffer.from(payment.script).toString('hex');
    const index = vout.find(({ scriptPubKey }) => scriptPubKey.hex === wanted)!.n;
    return { txid, index, amount: 1_000_000n, script: payment.script };
  }

  function unsigned(coin: SpecCoin, payment: ReturnType<typeof keyOnly> | ReturnType<typeof vault>): Transaction {
    const { txid, index, amount, script } = coin;
    const transaction = new Transaction({ allowUnknownOutputs: true });
    transaction.addInput({ ...payment, txid, index, witnessUtxo: { script, amount } });
    transaction.addOutput({ script: destination, amount: amount - 2_000n });
    return transaction;
  }

  /** Changes one byte of one item of the only input's witness. */
  function corrupted(hex: string, item: number, at: number): string {
    const transaction = Transaction.fromRaw(Buffer.from(hex, 'hex'), {
      allowUnknownOutputs: true,
      allowUnknownInputs: true,
    });
    const witness = transaction.getInput(0).finalScriptWitness!.map((bytes) => Uint8Array.from(bytes));
    witness[item]![at]! ^= 1;
    transaction.updateInput(0, { finalScriptWitness: witness }, true);
    return specTransaction(transaction).hex;
  }

  /** Not in the mempool, and in no block either: bcoin alone would have taken it there. */
  async function expectRefused(hex: string, failure: string): Promise<void> {
    const reason = `mandatory-script-verify-flag-failed (${failure})`;
    await expect(send(hex)).rejects.toMatchObject({ code: -26, message: reason });
    const invalid = { code: -25, message: expect.stringContaining('TestBlockValidity failed') };
    await expect(rpc('generateblock', NOWHERE, [hex])).rejects.toMatchObject(invalid);
  }

  it('shows version 1 outputs by their bech32m address', async () => {
    const payment = keyOnly();
    const coin = await fund(payment);
    const script = {
      address: payment.address,
      type: 'witness_v1_taproot',
      hex: Buffer.from(payment.script).toString('hex'),
    };
    expect(await rpc('gettxout', coin.txid, coin.index)).toMatchObject({ scriptPubKey: script });
    expect(await rpc('sandbox_balance', payment.address)).toMatchObject({ confirmed: 0.01 });
  });

  it('lets the key spend, into the mempool and into a block', async () => {
    const payment = keyOnly();
    const transaction = unsigned(await fund(payment), payment);
    transaction.sign(first);
    transaction.finalize();
    const { hex, txid } = specTransaction(transaction);
    expect(await send(hex)).toBe(txid);
    await rpc('sandbox_mine');
    expect(await rpc('gettxout', txid, 0)).toMatchObject({ confirmations: 1 });
  });

  it('refuses a wrong signature in the mempool and in a block', async () => {
    const payment = keyOnly();
    const transaction = unsigned(await fund(payment), payment);
    transaction.sign(first);
    transaction.finalize();
    await expectRefused(corrupted(transaction.hex, 0, 40), 'Invalid Schnorr signature');
  });

  it('lets two of three keys spend a multi_a leaf, and not with one signature broken', async () => {
    const payment = vault();
    const transaction = unsigned(await fund(payment), payment);
    transaction.sign(keys[0]!);
    transaction.sign(keys[2]!);
    transaction.finalize();
    const { hex, txid } = specTransaction(transaction);
    const signature = Transaction.fromRaw(Buffer.from(hex, 'hex'), {
      allowUnknownOutputs: true,
      allowUnknownInputs: true,
    })
      .getInput(0)
      .finalScriptWitness!.findIndex((item) => item.length === 64);
    await expectRefused(corrupted(hex, signature, 3), 'Invalid Schnorr signature');
    expect(await send(hex)).toBe(txid);
    await rpc('sandbox_mine');
    expect(await rpc('gettxout', txid, 0)).toMatchObject({ confirmations: 1 });
  });

  it('refuses a leaf that the output does not commit to', async () => {
    const payment = vault();
    const transaction = unsigned(await fund(payment), payment);
    transaction.sign(keys[0]!);
    transaction.sign(keys[1]!);
    transaction.finalize();
    const last = transaction.getInput(0).finalScriptWitness!.length - 1;
    await expectRefused(corrupted(transaction.hex, last, 5), 'Witness program hash mismatch');
  });

  it('keeps an annex out of the mempool', async () => {
    const payment = keyOnly();
    const transaction = unsigned(await fund(payment), payment);
    transaction.sign(first);
    transaction.finalize();
    const witness = [...transaction.getInput(0).finalScriptWitness!, Uint8Array.from([0x50, 1])];
    transaction.updateInput(0, { finalScriptWitness: witness }, true);
    await expect(send(transaction.hex)).rejects.toMatchObject({ code: -26, message: 'bad-witness-nonstandard' });
  });

  it('refuses an empty witness and signatures of a wrong form', () => {
    const key = Buffer.from(keyOnly().script);
    const spent = output(key, 1_000);
    const view = { getOutput: () => spent } as Partial<CoinView> as CoinView;
    expect(() => spending([]).check(view, CONSENSUS_SCRIPT_FLAGS)).toThrow('WITNESS_PROGRAM_WITNESS_EMPTY');
    expect(() => spending(['00'.repeat(63)]).check(view, CONSENSUS_SCRIPT_FLAGS)).toThrow('SCHNORR_SIG_SIZE');
    expect(() => spending(['00'.repeat(65)]).check(view, CONSENSUS_SCRIPT_FLAGS)).toThrow('SCHNORR_SIG_HASHTYPE');
  });
});
