import { type Wire } from './payouts.js';

const HOLDER = 'Sandbox Card Processor';
const ANSWER_WITHIN_MS = 5_000;

/** Pays from the processor's own account at the sandbox bank. A bank that does not answer is asked again later, under the same key. */
export function wireThrough(bankUrl: string): Wire {
  const post = (path: string, body: object, key: string): Promise<Response> =>
    fetch(new URL(path, bankUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });

  return async ({ id, amount, currency, reference }) => {
    try {
      const opened = await post('/outside/accounts', { holder: HOLDER }, 'card-processor-account');
      if (!opened.ok) return false;
      const { account } = (await opened.json()) as { account: string };
      const decimals = String(amount).padStart(3, '0');
      const wire = { from: account, amount: `${decimals.slice(0, -2)}.${decimals.slice(-2)}`, currency, reference };
      return (await post('/outside/wires', wire, id)).ok;
    } catch {
      return false;
    }
  };
}
