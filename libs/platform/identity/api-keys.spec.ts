import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@base/clock';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { type ApiKeyScope, type CreateApiKeyRequest, customerAuthenticator, listApiKeys } from './index.js';
import { createTestIdentity, SPEC_ORIGIN, SPEC_PASSWORD, type TestIdentity } from './testing/index.js';

const DAY_MS = 86_400_000;

let db: TestDatabase;
let clock: ManualClock;
let identity: TestIdentity;
let id: string;
let sessionId: string;

beforeAll(async () => {
  db = await createTestDatabase();
  clock = new ManualClock();
  identity = createTestIdentity(db.app, clock);
  id = await identity.signUp('ada@example.com');
  ({ sessionId } = await identity.signIn('ada@example.com'));
});
afterAll(() => db.drop());

type Wanted = Partial<Pick<CreateApiKeyRequest, 'scopes' | 'networks' | 'expiresInDays'>>;

const operation = { method: 'POST', path: '/v1/api-keys', body: {} };

async function createKey(wanted: Wanted = {}, token?: string) {
  const stepUp =
    token ??
    (
      await identity.stepUp.issue({
        principalId: id,
        sessionId,
        operation,
        proof: { password: SPEC_PASSWORD },
        origin: SPEC_ORIGIN,
      })
    ).token;
  return identity.manageApiKeys.create({
    customerId: id,
    sessionId,
    label: 'bot',
    scopes: ['view'],
    networks: [],
    expiresInDays: 90,
    ...wanted,
    stepUp: { operation, token: stepUp },
    origin: SPEC_ORIGIN,
  });
}

const call = (headers: Record<string, string | string[]>, ip = '203.0.113.9') =>
  customerAuthenticator(identity.authenticate).authenticate({ headers, ip, method: 'GET', url: '/v1/me' });
const refused = { code: 'credentials_not_accepted', options: { status: 401 } };

describe('an API key', () => {
  it('does what its scopes say and no more, and is shown once', async () => {
    const { key, secret } = await createKey({ scopes: ['view', 'trade'] });
    expect(await call({ 'x-api-key': `${key.id}:${secret}` })).toMatchObject({
      id,
      scopes: new Set(['view', 'trade']),
      credential: { kind: 'api-key', id: key.id },
    });
    const dump = JSON.stringify(await db.owner.query('SELECT row_to_json(k) AS row FROM identity.api_key k'));
    expect(dump).not.toContain(secret);
    expect(JSON.stringify(await listApiKeys(db.app, id, clock.now()))).not.toContain('secret');
  });

  it('needs a step-up for exactly this request, from a session', async () => {
    const { key } = await createKey();
    expect(key.label).toBe('bot');
    await expect(createKey({}, 'srs_forged')).rejects.toMatchObject({ code: 'step_up_refused' });
    const fromKey = identity.manageApiKeys.create({ customerId: id, sessionId: undefined, label: 'x', scopes: ['view'], networks: [], expiresInDays: 1, stepUp: { operation, token: 'x' }, origin: SPEC_ORIGIN }); // prettier-ignore
    await expect(fromKey).rejects.toMatchObject({ code: 'session_needed' });
  });

  it('that may withdraw is tied to networks, by rule and by the table', async () => {
    await expect(createKey({ scopes: ['withdraw'] })).rejects.toMatchObject({ code: 'networks_required' });
    await expect(createKey({ scopes: ['withdraw'], networks: ['203.0.113.7/24'] })).rejects.toMatchObject({
      code: 'networks_invalid',
    });
    const { key } = await createKey({ scopes: ['withdraw'], networks: ['203.0.113.0/24', '2001:db8::/48'] });
    const untie = db.owner.query(`UPDATE identity.api_key SET networks = '{}' WHERE id = $1`, [key.id]);
    await expect(untie).rejects.toThrow(/check constraint/);
  });

  it('G8: is refused in every other way', async () => {
    const { key, secret } = await createKey({ networks: ['203.0.113.0/24', '2001:db8:7::/48'] });
    const good = `${key.id}:${secret}`;
    const session = await identity.signIn('ada@example.com');
    expect(await call({ 'x-api-key': good })).toBeDefined();
    expect(await call({ 'x-api-key': good }, '::ffff:203.0.113.200')).toBeDefined();
    expect(await call({ 'x-api-key': good }, '2001:db8:7:9::1')).toBeDefined();
    const { key: other } = await createKey();
    const wrong: [Record<string, string | string[]>, string?][] = [
      [{ 'x-api-key': good }, '198.51.100.9'],
      [{ 'x-api-key': good }, '2001:db8:8::1'],
      [{ 'x-api-key': `${key.id}:${secret.slice(1)}` }],
      [{ 'x-api-key': `${key.id}:` }],
      [{ 'x-api-key': `:${secret}` }],
      [{ 'x-api-key': secret }],
      [{ 'x-api-key': '' }],
      [{ 'x-api-key': `${other.id}:${secret}` }],
      [{ 'x-api-key': `${key.id.toUpperCase()}:${secret}` }],
      [{ 'x-api-key': [good, good] }],
      [{ 'x-api-key': `' OR 1=1 --:${secret}` }],
      [{ authorization: `Bearer ${secret}` }],
      [{ authorization: `Basic ${Buffer.from(good).toString('base64')}` }],
      [{ authorization: `Bearer ${session.accessToken}`, 'x-api-key': good }],
      [{ authorization: `Bearer ${session.refreshToken}` }],
    ];
    for (const [headers, ip] of wrong) await expect(call(headers, ip)).rejects.toMatchObject(refused);
    expect(await call({})).toBeUndefined();
  });

  it('ends when it is revoked, when its time is over, and with a password reset', async () => {
    const [revoked, short, lasting] = [await createKey(), await createKey({ expiresInDays: 1 }), await createKey()];
    const works = ({ key, secret }: typeof revoked) => call({ 'x-api-key': `${key.id}:${secret}` });
    const stranger = await identity.signUp('eve@example.com');
    await expect(
      identity.manageApiKeys.revoke({ customerId: stranger, keyId: revoked.key.id, origin: SPEC_ORIGIN }),
    ).rejects.toMatchObject({ code: 'api_key_not_found' });
    expect(await works(revoked)).toBeDefined();
    await identity.manageApiKeys.revoke({ customerId: id, keyId: revoked.key.id, origin: SPEC_ORIGIN });
    await expect(works(revoked)).rejects.toMatchObject(refused);
    clock.advance(DAY_MS);
    await expect(works(short)).rejects.toMatchObject(refused);
    expect(await works(lasting)).toBeDefined();
    await identity.requestPasswordReset.run({ email: 'ada@example.com', origin: SPEC_ORIGIN });
    const { variables } = await identity.mailTo('ada@example.com');
    await identity.resetPassword.run({
      token: variables['token'] ?? '',
      newPassword: SPEC_PASSWORD,
      origin: SPEC_ORIGIN,
    });
    await expect(works(lasting)).rejects.toMatchObject(refused);
    ({ sessionId } = await identity.signIn('ada@example.com'));
  });

  it('of a frozen customer may look, and is told why it may not do more', async () => {
    const { key, secret } = await createKey({ scopes: ['view', 'trade', 'transfer'] satisfies ApiKeyScope[] });
    const order = { operatorId: id, customerId: id, reason: 'spec', origin: SPEC_ORIGIN };
    await db.app.transaction((tx) => identity.administerCustomer.changeStatus(tx, 'freeze', order));
    expect(await call({ 'x-api-key': `${key.id}:${secret}` })).toMatchObject({
      scopes: new Set(['view']),
      restriction: { code: 'account_frozen' },
    });
    await db.app.transaction((tx) => identity.administerCustomer.changeStatus(tx, 'unfreeze', order));
  });

  it('is one of at most twenty', async () => {
    const left = 20 - (await listApiKeys(db.app, id, clock.now())).length;
    for (let n = 0; n < left; n += 1) await createKey();
    await expect(createKey()).rejects.toMatchObject({ code: 'too_many_api_keys' });
  });
});
