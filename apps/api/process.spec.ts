import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { type Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '@base/config';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { apiConfig } from './config.js';

const MAIN = join(import.meta.dirname, '../../dist/apps/api/main.js');

let db: TestDatabase;
let sound: Record<string, string>;

beforeAll(async () => {
  db = await createTestDatabase({ max: 2 });
  sound = {
    PATH: process.env['PATH'] ?? '',
    DATABASE_URL: db.appUrl.reveal(),
    TOKEN_KEY: 'q8f2Lr09vTz1xWc4hJm6Pd3s',
    API_PORT: '0',
    SANDBOX: '1',
    LOG_LEVEL: 'silent',
    BANK_API_KEY: 'spec-bank-key-4711',
    BANK_WEBHOOK_SECRET: 'spec-bank-hook-4712',
    CARD_API_KEY: 'spec-card-key-4713',
    CARD_WEBHOOK_SECRET: 'spec-card-hook-4714',
  };
});
afterAll(() => db.drop());

type Api = ChildProcessByStdio<null, Readable, Readable>;

const start = (environment: Record<string, string>): Api =>
  spawn(process.execPath, [MAIN], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });

const collect = (stream: Readable): (() => string) => {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
};

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
    const api = start({ ...sound, TOKEN_KEY: 'changeme', DATABASE_URL: '' });
    const output = [collect(api.stdout), collect(api.stderr)];
    const [code] = (await once(api, 'close')) as [number];
    const text = output.map((read) => read()).join('');
    expect(code).toBe(1);
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => line.trim().split(':')[0]),
    ).toEqual(['The environment is not complete (docs/configuration.md)', 'DATABASE_URL', 'TOKEN_KEY', 'TOKEN_KEY']);
  });
});

describe('J8: SIGTERM', () => {
  it('lets requests under way end, takes no new ones, and exits with 0 in under ten seconds', async () => {
    const api = start(sound);
    const stderr = collect(api.stderr);
    const [line] = (await once(api.stdout, 'data')) as [Buffer];
    const { url } = JSON.parse(line.toString()) as { url: string };
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);

    const answers = Array.from({ length: 8 }, (_, number) => register(url, `person-${number}@example.com`));
    // Each registration is counted before the slow part of its work begins.
    while ((await db.app.query(`SELECT 1 FROM identity.attempt WHERE bucket LIKE 'message:pair:%'`)).length < 8)
      await sleep(5);
    const asked = performance.now();
    api.kill('SIGTERM');
    const statuses = await Promise.all(answers);
    const [code] = (await once(api, 'close')) as [number];
    expect({ statuses, code, stderr: stderr() }).toEqual({ statuses: Array(8).fill(202), code: 0, stderr: '' });
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
