import { eventually } from './outside.mjs';
import { expectEqual } from './tour.mjs';

const BTC_IN = '0.05000000';
const ETH_IN = '1.500000000000000000';
const WEI = 10n ** 18n;

/** Coins from an outside wallet, on both chains: a fresh address, a transaction, its confirmations, the credit. */
export async function depositCoins(tour) {
  await depositBitcoin(tour);
  await depositEther(tour);
}

/** @param {import('./tour.mjs').Tour} tour */
async function depositBitcoin(tour) {
  const { address } = await tour.api.get('/v1/wallets/BTC/address');
  const txid = await tour.outside.bitcoin('sandbox_faucet', address, BTC_IN);
  tour.say(`An outside wallet sent ${BTC_IN} BTC`, { address, transaction: txid });
  await credited(tour, { asset: 'BTC', amount: BTC_IN, txid });
}

/** @param {import('./tour.mjs').Tour} tour */
async function depositEther(tour) {
  const { address } = await tour.api.get('/v1/wallets/ETH/address');
  const [from] = await tour.outside.ethereum('eth_accounts');
  const value = `0x${((WEI * 3n) / 2n).toString(16)}`;
  const txid = await tour.outside.ethereum('eth_sendTransaction', { from, to: address, value });
  tour.say(`An outside wallet sent ${ETH_IN} ETH`, { address, transaction: txid });
  await credited(tour, { asset: 'ETH', amount: ETH_IN, txid });
}

async function credited({ api, say }, { asset, amount, txid }) {
  const deposit = await eventually(`the credit of ${txid}`, async () => {
    const { items } = await api.get(`/v1/deposits?asset=${asset}`);
    return items.find((it) => it.txid === txid && it.state === 'credited');
  });
  expectEqual(`the deposit of ${asset}`, deposit.amount, amount);
  say(`Deposit of ${deposit.amount} ${asset} credited`, { deposit: deposit.id, block: deposit.height });
}
