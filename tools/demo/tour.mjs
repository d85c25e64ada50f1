/** One walk through the platform: who walks, what they hold, and a numbered line for each thing that happened. */
import { randomBytes } from 'node:crypto';
import { resolveEnvironment } from '../launcher/environment.mjs';
import { homeFolder, isHome, openHome } from '../launcher/home.mjs';
import { openSecrets } from '../launcher/secrets.mjs';
import { outsideOf } from './outside.mjs';
import { PatientClient } from './patient-client.mjs';

const OPERATOR = { email: 'operator@strongroom.example', password: 'sandbox-osier-kestrel-31' };

/**
 * @typedef {object} Tour
 * @property {Record<string, string>} values the environment of the run
 * @property {import('./outside.mjs').Outside} outside
 * @property {PatientClient} api as the customer, once they are logged in
 * @property {PatientClient} admin as the operator
 * @property {{ email: string, password: string, token?: string }} customer
 * @property {(text: string, details?: Record<string, unknown>) => void} say one numbered step
 */

/** @returns {Promise<Tour>} a new customer before the door, an operator inside */
export async function beginTour() {
  const folder = homeFolder();
  if (!isHome(folder)) throw new Error(`nothing runs in ${folder}: start it with \`npm start\` first`);
  const home = openHome(folder);
  const values = resolveEnvironment({ given: process.env, home, secret: openSecrets(home.path('secrets.json')) });
  const customer = {
    email: `ada-${randomBytes(5).toString('hex')}@example.com`,
    password: randomBytes(12).toString('base64url'),
  };
  const operator = { token: undefined };

  const api = new PatientClient(`http://127.0.0.1:${values.API_PORT}`, { token: () => customer.token });
  const admin = new PatientClient(`http://127.0.0.1:${values.ADMIN_PORT}`, { token: () => operator.token });
  operator.token = (await admin.post('/v1/auth/login', OPERATOR)).accessToken;

  let number = 0;
  const say = (text, details = {}) => {
    number += 1;
    console.log(`${String(number).padStart(2)}. ${text}`);
    for (const [name, value] of Object.entries(details)) console.log(`      ${name.padEnd(14)} ${present(value)}`);
  };
  return { values, outside: outsideOf(values), api, admin, customer, say };
}

const present = (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value));

/** Stops the tour with the difference when something is not as it must be. */
export function expectEqual(what, actual, expected) {
  if (actual !== expected) throw new Error(`${what}: ${actual}, not ${expected}`);
}
