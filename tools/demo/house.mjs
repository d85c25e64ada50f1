import { eventually } from './outside.mjs';

/** Before anything can be bought, the house must have coins in custody, and several price sources must agree. */
export async function houseIsReady({ admin, api, outside, say }) {
  const { houseAddresses } = await admin.get('/v1/custody');
  await eventually('the house’s own deposits', async () => {
    const { items } = await admin.get('/v1/custody/deposits?state=credited&limit=100');
    const assets = new Set(items.map(({ asset }) => asset));
    if (assets.has('BTC') && assets.has('ETH')) return true;
    await passBlocks(outside);
    return false;
  });
  say(
    'The house has coins of its own in custody',
    Object.fromEntries(houseAddresses.map(({ asset, address }) => [asset, address])),
  );
  const prices = await eventually('firm prices', async () => {
    const { items } = await api.get('/v1/brokerage/prices');
    const firm = items.filter((price) => price.firm);
    return firm.some(({ pair }) => pair === 'BTC-USD') && firm.some(({ pair }) => pair === 'ETH-BTC') && firm;
  });
  say('Several sources agree on prices', Object.fromEntries(prices.map(({ pair, mid }) => [pair, mid])));
}

/** A block on each chain: sooner than the timers would bring them. */
export async function passBlocks(outside) {
  await outside.bitcoin('sandbox_mine', 1);
  await outside.ethereum('anvil_mine', '0x2');
}
