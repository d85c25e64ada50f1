import { randomInt } from 'node:crypto';
import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { buildPsbt, type CoinSelection, decodeBitcoinAddress, feeForWeight, outputWeight, type PsbtOutput, REPLACEABLE_SEQUENCE, selectCoins, shuffled, transactionWeight } from '@core/wallet'; // prettier-ignore
import { type BitcoinClient, bitcoinFeeRate, bitcoinReplacementFee, type BroadcastOutcome } from '@platform/chains';
import { type AccountKeys } from '@platform/keys';
import { type OwnAddress } from './addresses.js';
import { type AllocateAddress } from './allocate-address.js';
import { lockCoins, releaseCoins, reserveCoins, reservedCoins, spendableCoins, type SpendableCoin } from './coins.js';
import { type Intent } from './intents.js';
import { type BuildRequest, type Built, type Rail } from './rail.js';
import { type AssetSettings, type CustodySettings } from './settings.js';

interface BitcoinPlan {
  /** Satoshi per 1,000 virtual bytes. */
  readonly rate: bigint;
}

/** Change is cut in pieces while the wallet has few coins, so that withdrawals do not wait for each other's change. */
const FEW_COINS = 10;
const MAX_CHANGE_PIECES = 4;
const LEAST_CHANGE_PIECE = 250_000n;
const CHANGE_SCRIPT_LENGTH = 22;
/** Stands for any P2WPKH script where only its size and kind matter. */
const CHANGE_SCRIPT = Uint8Array.from([0x00, 0x14, ...new Uint8Array(20)]);

/** Tries to reach the fee that a replacement needs; each lifts the rate by a quarter. */
const RATE_STEPS = 12;

/** Pays bitcoin out of the hot wallet's confirmed coins. */
export class BitcoinRail implements Rail<BitcoinPlan> {
  readonly settings: AssetSettings;

  constructor(
    private readonly client: BitcoinClient,
    private readonly addresses: AllocateAddress,
    private readonly custody: CustodySettings,
    private readonly clock: Clock,
  ) {
    this.settings = custody.assets.BTC;
  }

  async plan(): Promise<BitcoinPlan> {
    return { rate: await this.marketRate() };
  }

  marketRate(): Promise<bigint> {
    return bitcoinFeeRate(this.client);
  }

  async build(tx: Tx, request: BuildRequest, { rate }: BitcoinPlan): Promise<Built> {
    const { intent, height, earlier } = request;
    const { chainId } = this.settings;
    await lockCoins(tx, chainId);
    const required = await reservedCoins(tx, intent.id);
    if (required.length < (await countReserved(tx, intent.id))) return { shortage: 'coins_not_confirmed' };
    const coins = await spendableCoins(tx, chainId, height);
    const payments = request.purpose === 'pay' ? [this.#payment(intent)] : [];
    const chosen = this.#choose({ coins, required, payments, rate, earlier: earlier.at(-1) });
    if (chosen === undefined) return { shortage: 'hot_wallet_short' };
    const change = await this.#change(tx, chosen.selection, {
      rate: chosen.rate,
      others: coins.length - chosen.selection.coins.length,
    });
    const fee = chosen.selection.fee + change.fee;
    if (fee > intent.maxNetworkFee) return { shortage: 'network_fee_above_limit' };
    const isPayment = payments.length > 0;
    if (!isPayment && change.outputs.length === 0) return { shortage: 'hot_wallet_short' };
    await reserveCoins(tx, chainId, intent.id, chosen.selection.coins, this.clock.now());
    const keys = await this.addresses.keys(tx, 'BTC');
    const outputs = [...payments, ...change.outputs];
    return {
      transaction: {
        unsigned: this.#psbt(
          chosen.selection.coins,
          isPayment ? shuffled(outputs, randomBelow) : outputs,
          keys,
          height,
        ),
        fee,
        feeRate: chosen.rate,
        tipRate: null,
        from: null,
        nonce: null,
        destination: isPayment ? intent.destination : (change.first?.address ?? intent.destination),
        amount: isPayment ? intent.amount : 0n,
      },
    };
  }

  /**
   * Coins for the payment. A replacement spends all that the intent has reserved (so it conflicts with every earlier attempt), and pays
   * for its own relay on top of the fee before it (BIP-125).
   */
  #choose(given: {
    coins: readonly SpendableCoin[];
    required: readonly SpendableCoin[];
    payments: readonly { script: Uint8Array; value: bigint }[];
    rate: bigint;
    earlier: { fee: bigint; feeRate: bigint } | undefined;
  }): { selection: CoinSelection<SpendableCoin>; rate: bigint } | undefined {
    const { coins, required, payments, earlier } = given;
    let rate = given.rate;
    for (let step = 0; step < RATE_STEPS; step++) {
      const selection = selectCoins({
        coins,
        required,
        payments,
        changeScript: CHANGE_SCRIPT,
        feeRate: rate,
        randomBelow,
      });
      if (selection === undefined || earlier === undefined) return selection && { selection, rate };
      const size = BigInt(Math.ceil(sizeOf(selection, payments) / 4));
      if (selection.fee >= bitcoinReplacementFee({ fee: earlier.fee, rate: earlier.feeRate }, 0n, size))
        return { selection, rate };
      rate = (rate * 125n) / 100n;
    }
    return undefined;
  }

  async #change(
    tx: Tx,
    selection: CoinSelection<SpendableCoin>,
    { rate, others }: { rate: bigint; others: number },
  ): Promise<{ outputs: PsbtOutput[]; first: OwnAddress | undefined; fee: bigint }> {
    if (selection.change === undefined) return { outputs: [], first: undefined, fee: 0n };
    const wanted = others < FEW_COINS ? selection.change / LEAST_CHANGE_PIECE : 1n;
    const pieces = wanted < 1n ? 1n : wanted > BigInt(MAX_CHANGE_PIECES) ? BigInt(MAX_CHANGE_PIECES) : wanted;
    const fee = (pieces - 1n) * feeForWeight(outputWeight(CHANGE_SCRIPT_LENGTH), rate);
    const share = (selection.change - fee) / pieces;
    const keys = await this.addresses.keys(tx, 'BTC');
    const outputs: PsbtOutput[] = [];
    let first: OwnAddress | undefined;
    for (let piece = 0n; piece < pieces; piece++) {
      const address = await this.addresses.change(tx);
      first ??= address;
      // What does not divide stays with the first piece.
      const value = piece === 0n ? selection.change - fee - share * (pieces - 1n) : share;
      outputs.push({ script: Buffer.from(address.destination, 'hex'), value, origin: keys.origin(address) });
    }
    return { outputs, first, fee };
  }

  #psbt(coins: readonly SpendableCoin[], outputs: readonly PsbtOutput[], keys: AccountKeys, height: number): string {
    return buildPsbt({
      network: this.custody.network,
      lockTime: height,
      inputs: coins.map(({ txid, vout, raw, branch, index }) => ({
        txid,
        vout,
        sequence: REPLACEABLE_SEQUENCE,
        previousTransaction: raw,
        origin: keys.origin({ branch, index }),
      })),
      outputs,
    });
  }

  #payment({ destination, amount }: Intent): { script: Uint8Array; value: bigint } {
    return { script: decodeBitcoinAddress(destination, this.custody.network).script, value: amount };
  }

  async release(tx: Tx, intent: Intent): Promise<void> {
    await tx.query('DELETE FROM custody.coin_reservation WHERE intent_id = $1', [intent.id]);
  }

  settled(tx: Tx, intent: Intent, at: Date): Promise<void> {
    return releaseCoins(tx, intent.id, at);
  }

  broadcast(raw: string): Promise<BroadcastOutcome> {
    return this.client.broadcast(raw);
  }

  isPooled(txid: string): Promise<boolean> {
    return this.client.isPooled(txid);
  }

  /** Only confirmed coins are spent, so no transaction of ours waits for another. */
  isNextInLine(): Promise<boolean> {
    return Promise.resolve(true);
  }
}

const randomBelow = (below: number): number => randomInt(below);

function sizeOf(selection: CoinSelection<SpendableCoin>, payments: readonly { script: Uint8Array }[]): number {
  const scriptLengths = [
    ...payments.map(({ script }) => script.length),
    ...(selection.change === undefined ? [] : [CHANGE_SCRIPT_LENGTH]),
  ];
  return transactionWeight({ inputs: selection.coins.length, scriptLengths });
}

async function countReserved(tx: Tx, intentId: string): Promise<number> {
  const { reserved } = await tx.one<{ reserved: bigint }>(
    'SELECT count(*) AS reserved FROM custody.coin_reservation WHERE intent_id = $1 AND released_at IS NULL',
    [intentId],
  );
  return Number(reserved);
}
