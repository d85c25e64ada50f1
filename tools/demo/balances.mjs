/**
 * What the customer has, as details of a step.
 * @param {import('./tour.mjs').Tour} tour
 * @returns {Promise<Record<string, string>>}
 */
export async function holdings({ api }) {
  const { items, total, valuedIn } = await api.get('/v1/balances');
  const held = items.filter((item) => [item.available, item.held, item.pending].some((amount) => Number(amount) > 0));
  return {
    ...Object.fromEntries(
      held.map(({ asset, available, held: set, pending }) => [
        asset,
        `${available} available, ${set} held, ${pending} pending`,
      ]),
    ),
    'in all': `${total} ${valuedIn}`,
  };
}

/** @param {import('./tour.mjs').Tour} tour @param {string} asset */
export async function availableOf({ api }, asset) {
  const { items } = await api.get('/v1/balances');
  return items.find((item) => item.asset === asset)?.available ?? '0';
}
