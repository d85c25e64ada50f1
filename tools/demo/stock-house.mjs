import { eventually } from './outside.mjs';

const ENOUGH = { BTC: 0.5, ETH: 5 };
const WEI = 10n ** 18n;

/**
 * The house sells only what it has. An operator sends coins of the house's own to its deposit addresses, where they are taken in like anybody's.
 * @param {import('./tour.mjs').Tour} tour
 */
export async function stockHouse({ admin, outside, say }) {
  const { houseAddresses } = await admin.get('/v1/custody');
  const addressOf = (asset) => houseAddresses.find((it) => it.asset === asset).address;
  const short = await shortOf(admin);
  if (short.includes('BTC')) await outside.bitcoin('sandbox_faucet', addressOf('BTC'), '2');
  if (short.includes('ETH')) {
    const [from] = await outside.ethereum('eth_accounts');
    await outside.ethereum('eth_sendTransaction', {
      from,
      to: addressOf('ETH'),
      value: `0x${(20n * WEI).toString(16)}`,
    });
  }
  if (short.length === 0) return;
  await eventually('the house’s coins', async () => (await shortOf(admin)).length === 0);
  say('The house stocked up, on chain', { of: short.join(' and ') });
}

async function shortOf(admin) {
  const { items } = await admin.get('/v1/house/positions');
  const has = (asset) => Number(items.find((it) => it.asset === asset)?.inventory ?? 0);
  return Object.keys(ENOUGH).filter((asset) => has(asset) < ENOUGH[asset]);
}
