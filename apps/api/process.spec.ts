import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '@base/config';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { apiConfig } from './config.js';
import { spawnApi } from './testing/spawn-api.js';
import { specEnvironment } from './testing/start-api.js';

let db: TestDatabase;
let sound: Record<string, string>;

beforeAll(async () => {
  db = await createTestDatabase({ max: 2 });
  sound = specEnvironment(db);
});
afterAll(() => db.drop());

describe('J7: the process refuses to start', () => {
  it.each([
    ['without a secret', { TOKEN_KEY: '' }, /TOKEN_KEY/],
    ['with a default secret', { TOKEN_KEY: 'changeme' }, /TOKEN_KEY/],
    ['with a weak secret', { TOKEN_KEY: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }, /TOKEN_KEY/],
    ['with a short secret', { TOKEN_KEY: 'q8f2Lr09vTz1xWc4' }, /TOKEN_KEY/],
    ['without a database', { DATABASE_URL: '' }, /DATABASE_URL/],
    ['with another database', { DATABASE_URL: 'mysql://app:hunter2@127.0.0.1/strongroom' }, /DATABASE_URL/],
    ['with an unreadable flag', { SANDBOX: 'perhaps' }, /SANDBOX/],
    ['with a port that is none', { API_PORT: 'eighty' }, /API_PORT/],
  ])('%s, and says which variable it is and no value', (_name, change, names) => {
    const refusal = (() => {
      try {
        return JSON.stringify(loadConfig(apiConfig, { ...sound, ...change }));
      } catch (error) {
        return String(error);
      }
    })();
    expect(refusal).toMatch(/^Error: The environment is not complete/);
    expect(refusal).toMatch(names);
    expect(refusal).not.toMatch(/hunter2|changeme|aaaaaa|perhaps|eighty/);
  });

  it('with an error code and nothing but the sentence', async () => {
    const api = spawnApi({ ...sound, TOKEN_KEY: 'changeme', DATABASE_URL: '' });
    const code = await api.ended;
    expect(code).toBe(1);
    expect(
      api
        .output()
        .trim()
        .split('\n')
        .map((line) => line.trim().split(':')[0]),
    ).toEqual(['The environment is not complete (docs/configuration.md)', 'DATABASE_URL', 'TOKEN_KEY', 'TOKEN_KEY']);
  });
});

describe('J8: SIGTERM', () => {
  it('lets requests under way end, takes no new ones, and exits with 0 in under ten seconds', async () => {
    const api = spawnApi(sound);
    const url = await api.listening();
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);

    const answers = Array.from({ length: 8 }, (_, number) => register(url, `person-${number}@example.com`));
    // Each registration is counted before the slow part of its work begins.
    while ((await db.app.query(`SELECT 1 FROM identity.attempt WHERE bucket LIKE 'message:pair:%'`)).length < 8)
      await sleep(5);
    const asked = performance.now();
    api.child.kill('SIGTERM');
    const statuses = await Promise.all(answers);
    const code = await api.ended;
    expect({ statuses, code }).toEqual({ statuses: Array(8).fill(202), code: 0 });
    expect(api.output().trim()).toBe(JSON.stringify({ ready: true, url }));
    expect(performance.now() - asked).toBeLessThan(10_000);
    await expect(fetch(`${url}/health/live`)).rejects.toThrow();
  });
});

/** The status of a registration, which takes a while. */
function register(url: string, email: string): Promise<number | undefined> {
  const body = JSON.stringify({ email, password: 'kestrel lantern osier' });
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}/v1/auth/register`,
      { method: 'POST', headers: { 'content-type': 'application/json' } },
      (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode));
      },
    );
    sent.on('error', reject).end(body);
  });
}
