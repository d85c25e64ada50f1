import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type HDKey } from '@scure/bip32';
import { accountPath, buildEthereumTransfer, buildPsbt, decodeBitcoinAddress, keyPath, type KeyPosition, masterKey, phraseFromEntropy, readPsbt, REPLACEABLE_SEQUENCE, seedFromPhrase, signBitcoinTransaction, signDigest, signEthereumTransfer, type DigestSigner } from '@core/wallet'; // prettier-ignore
import { openSeed, PassphraseFileWrapper } from '@platform/keys';
import { type CustodyBench } from './custody-bench.js';

const BITCOIN_ACCOUNT = accountPath({ purpose: 84, coinType: 1, account: 0 });
const ETHEREUM_ACCOUNT = accountPath({ purpose: 44, coinType: 60, account: 0 });

interface TakenCoin {
  readonly txid: string;
  readonly vout: number;
  readonly value: bigint;
  readonly branch: 0 | 1;
  readonly index: number;
  readonly raw: string;
}

/** Somebody who has got hold of the hot seed, and spends what is ours without our signer. */
export class Thief {
  private constructor(
    private readonly bench: CustodyBench,
    private readonly bitcoinKeys: HDKey,
    private readonly ethereumKeys: HDKey,
  ) {}

  static async of(bench: CustodyBench): Promise<Thief> {
    const { folder } = bench.signer;
    const wrapper = await PassphraseFileWrapper.fromFile(join(folder, 'passphrase'));
    const sealed: unknown = JSON.parse(await readFile(join(folder, 'keys', 'hot-seed.json'), 'utf8'));
    const entropy = await openSeed(sealed, { walletId: 'hot', purpose: 'seed' }, wrapper);
    const seed = seedFromPhrase(phraseFromEntropy(entropy));
    return new Thief(bench, masterKey(seed).derive(BITCOIN_ACCOUNT), masterKey(seed).derive(ETHEREUM_ACCOUNT));
  }

  /** The largest of our coins, or the largest of those that an intent has reserved. */
  async coin(reservedBy: string | null = null): Promise<TakenCoin> {
    const [coin] = await this.bench.parts.database.query<TakenCoin>(
      `SELECT c.txid, c.vout, c.value, a.branch, a.key_index AS index, t.raw FROM custody.coin c JOIN custody.address a ON a.id = c.address_id
         JOIN custody.raw_transaction t ON t.chain_id = c.chain_id AND t.txid = c.txid
        WHERE c.spent_by IS NULL AND coalesce($1::uuid = (SELECT r.intent_id FROM custody.coin_reservation r
                WHERE r.txid = c.txid AND r.vout = c.vout AND r.released_at IS NULL), $1 IS NULL)
        ORDER BY c.value DESC LIMIT 1`,
      [reservedBy],
    );
    if (coin === undefined) throw new Error('there is nothing to take');
    return coin;
  }

  /** A signed transaction that takes a whole coin of ours to an address, less a generous fee. */
  bitcoin({ txid, vout, value, branch, index, raw }: TakenCoin, to: string): string {
    const key = this.bitcoinKeys.deriveChild(branch).deriveChild(index);
    const origin = {
      fingerprint: '00000000',
      path: keyPath(BITCOIN_ACCOUNT, { branch, index }),
      publicKey: key.publicKey ?? new Uint8Array(),
    };
    const psbt = buildPsbt({
      network: 'regtest',
      lockTime: 0,
      inputs: [{ txid, vout, sequence: REPLACEABLE_SEQUENCE, previousTransaction: raw, origin }],
      outputs: [{ script: decodeBitcoinAddress(to, 'regtest').script, value: value - 50_000n }],
    });
    return signBitcoinTransaction(readPsbt(psbt), () => signer(key)).raw;
  }

  /** A signed transfer out of the hot account with a nonce of the thief's choice, for a little more than we pay. */
  ethereum(given: { from: KeyPosition; nonce: number; to: string; value: bigint }): string {
    const { from, nonce, to, value } = given;
    const price = 5n * 10n ** 9n;
    const unsigned = buildEthereumTransfer({ chainId: 31337n, nonce, to, value, gasLimit: 21_000n, maxFeePerGas: price, maxPriorityFeePerGas: price }); // prettier-ignore
    return signEthereumTransfer(unsigned, signer(this.ethereumKeys.deriveChild(from.branch).deriveChild(from.index)))
      .raw;
  }
}

function signer({ privateKey }: HDKey): DigestSigner {
  if (privateKey === null) throw new Error('derivation gave no private key');
  return (digest) => signDigest(privateKey, digest);
}
