import { PatientClient } from '../demo/patient-client.mjs';
import { proveCustody } from '../demo/proof.mjs';

const OPERATOR = { email: 'operator@strongroom.example', password: 'sandbox-osier-kestrel-31' };

/**
 * @param {import('./stack.mjs').Stack} stack
 * @returns {Promise<string[]>} where what we hold differs from the chain, by the operators' API
 */
export async function faultsInCustody({ admin: base }) {
  const session = { token: undefined };
  const admin = new PatientClient(base, { token: () => session.token });
  session.token = (await admin.post('/v1/auth/login', OPERATOR)).accessToken;
  try {
    await proveCustody({ admin, say: () => {} });
    return [];
  } catch (error) {
    return [error.message];
  }
}
