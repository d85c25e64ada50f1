import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './root.mjs';

/**
 * @param {Record<string, string>} values the environment of the run
 * @param {import('./home.mjs').Home} home
 * @returns {Promise<string>} where everything is, who can log in, and what to try first
 */
export async function welcome(values, home) {
  const api = `http://127.0.0.1:${values.API_PORT}`;
  const admin = `http://127.0.0.1:${values.ADMIN_PORT}`;
  const { customers, operators } = await demoPeople(values);
  const people = [
    ...customers.map(({ email, password }) => `  Customer     ${email}   ${password}`),
    ...operators.map(({ email, password }) => `  Operator     ${email}   ${password}`),
  ];
  return `
Strongroom is ready.

  Customers    ${api}   reference at ${api}/docs
  Operators    ${admin}   reference at ${admin}/docs
  Exchange     REST http://127.0.0.1:${values.GATEWAY_REST_PORT}${values.GATEWAY_REST_BASE ?? '/v3/exchange'}   WebSocket ws://127.0.0.1:${values.GATEWAY_WS_PORT}/mercury-gateway/v1/ws   FIX 127.0.0.1:${values.GATEWAY_FIX_PORT}
${people.join('\n')}
  Logs         tail -f ${home.path('logs')}/*.log
  Secrets      ${home.path('secrets.json')}

Next, in another terminal:
  npm run demo     a customer buys, sells, swaps, deposits, withdraws and trades
  npm run reset    after Ctrl-C here: forget all data
`;
}

/** Their passwords are published in the source, so they exist in a sandbox only. */
async function demoPeople(values) {
  const source = join(ROOT, 'dist/apps/worker/seed-demo.js');
  if (values.SANDBOX !== '1' || !existsSync(source)) return { customers: [], operators: [] };
  const { DEMO_CUSTOMERS, DEMO_OPERATORS } = await import(pathToFileURL(source).href);
  return { customers: DEMO_CUSTOMERS, operators: DEMO_OPERATORS };
}
