import bcoin, { type Chain, type CoinView, type Hash, type TX } from 'bcoin';

/** The coins that a transaction spends, as far as they exist. */
export interface GatheredCoins {
  readonly view: CoinView;
  /** False when an input is neither unspent on chain nor an output of an unconfirmed transaction. */
  readonly complete: boolean;
}

/** bcoin's height of a coin that no block holds yet. */
const UNCONFIRMED = -1;

/** Looks up what `tx` spends, among the unconfirmed transactions first. */
export async function gatherCoins(
  chain: Chain,
  tx: TX,
  unconfirmed: (hash: Hash) => TX | undefined,
): Promise<GatheredCoins> {
  const view = new bcoin.CoinView();
  let complete = true;
  for (const { prevout } of tx.inputs) {
    const parent = unconfirmed(prevout.hash);
    const coin = parent ? null : await chain.db.readCoin(prevout);
    if (parent && prevout.index < parent.outputs.length) view.addIndex(parent, prevout.index, UNCONFIRMED);
    else if (coin) view.addEntry(prevout, coin);
    else complete = false;
  }
  return { view, complete };
}
