import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { systemClock } from '@base/clock';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { createTestIdentity, SPEC_ORIGIN, SPEC_PASSWORD, SPEC_TOKEN_KEY } from '@platform/identity/testing';

const SCRIPT = join(import.meta.dirname, '../../dist/apps/admin/invite-first-admin.js');

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

async function run(...args: string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [SCRIPT, ...args], {
    env: {
      PATH: process.env['PATH'] ?? '',
      DATABASE_URL: db.appUrl.reveal(),
      TOKEN_KEY: SPEC_TOKEN_KEY.reveal(),
      API_PUBLIC_URL: 'https://strongroom.example',
      LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output: Buffer.concat(chunks).toString() };
}

describe('a new installation', () => {
  it('lets one administrator in by e-mail, once', async () => {
    const [first, second] = await Promise.all([run('ada@example.com', 'Ada'), run('eve@example.com', 'Eve')]);
    expect([first.code, second.code].sort()).toEqual([0, 1]);
    const { email } = await db.app.one<{ email: string }>('SELECT email FROM identity.principal');
    const identity = createTestIdentity(db.app, systemClock);
    const { variables } = await identity.mailTo(email);
    await identity.manageOperators.acceptInvitation({
      token: variables['token'] ?? '',
      password: SPEC_PASSWORD,
      origin: SPEC_ORIGIN,
    });
    const session = await identity.logIn.run({
      realm: 'operator',
      email,
      password: SPEC_PASSWORD,
      origin: SPEC_ORIGIN,
    });
    expect(await identity.authenticate.operatorBySession(session.accessToken)).toMatchObject({ roles: ['admin'] });
  });
});
