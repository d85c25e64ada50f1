import { eventually } from './outside.mjs';
import { expectEqual } from './tour.mjs';

const ASSETS = ['BTC', 'ETH'];

/** Every asset of the ledger sums to zero: what there is and whose it is are the same. */
export async function proveBooks({ admin, say }) {
  const { isBalanced, totals, lines } = await admin.get('/v1/ledger/trial-balance');
  for (const [asset, total] of Object.entries(totals)) expectEqual(`the trial balance of ${asset}`, Number(total), 0);
  expectEqual('the books balance', isBalanced, true);
  say('The trial balance is zero for every asset', { totals: Object.entries(totals).map(([asset, total]) => `${asset} ${total}`).join(', '), lines: lines.length }); // prettier-ignore
}

/** What we hold against what the chains show, at a block after all that the tour did. */
export async function proveCustody({ admin, say }) {
  const since = new Date().toISOString();
  for (const asset of ASSETS) {
    const found = await eventually(`a reconciliation of ${asset}`, async () => {
      const { reconciliations } = await admin.get('/v1/custody');
      return reconciliations.find((it) => it.asset === asset && it.at > since);
    });
    expectEqual(`custody of ${asset} less the chain`, Number(found.difference), 0);
    say(`Custody of ${asset} equals the chain`, { ledger: found.ledger, chain: found.onChain, block: found.height });
  }
  const { halts } = await admin.get('/v1/custody');
  expectEqual('halted assets', JSON.stringify(halts), '[]');
}
