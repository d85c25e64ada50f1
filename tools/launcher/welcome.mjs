/**
 * @param {Record<string, string>} values the environment of the run
 * @param {import('./home.mjs').Home} home
 * @returns {string} where everything is, and what to try first
 */
export function welcome(values, home) {
  const api = `http://127.0.0.1:${values.API_PORT}`;
  const admin = `http://127.0.0.1:${values.ADMIN_PORT}`;
  // apps/worker/seed-demo.ts makes them, in a sandbox only.
  const people = `
  Customer     demo@strongroom.example       sandbox-harbour-lantern-27
  Operator     operator@strongroom.example   sandbox-osier-kestrel-31
  Second one   approver@strongroom.example   sandbox-tulip-anvil-58
`;
  return `
Strongroom is ready.

  Customers    ${api}          reference at ${api}/docs
  Operators    ${admin}          reference at ${admin}/docs
  Logs         tail -f ${home.path('logs')}/*.log
  Secrets      ${home.path('secrets.json')}
${values.SANDBOX === '1' ? people : ''}
Next, in another terminal:
  npm run demo     a customer buys, sells, swaps, deposits and withdraws
  npm run reset    after Ctrl-C here: forget all data
`;
}
