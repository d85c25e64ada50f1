import { randomUUID } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SignRequest } from '@core/contracts';
import { buildEthereumTransfer } from '@core/wallet';
import { encodeFrame, openSeed, PassphraseFileWrapper } from '@platform/keys';
import { TestSigner } from '@platform/keys/testing';
import { ETHEREUM_PAYEE } from './testing/signing-room.js';

let signer: TestSigner;
// One process for all of it, restarted by hand: each start pays for opening the seed. The freeze comes last.
beforeAll(async () => {
  signer = await TestSigner.start();
});
afterAll(() => signer.close());

function withdrawal(nonce: number, intentId = randomUUID()): Omit<SignRequest, 'type' | 'id'> {
  const ticket = {
    intentId,
    purpose: 'withdrawal' as const,
    chainId: 'eip155:31337',
    asset: 'ETH',
    destination: ETHEREUM_PAYEE,
    amount: '1000000000',
    maxFee: '2000000000000000',
    expiresAt: Date.now() + 3_600_000,
    policyVersion: 1,
  };
  const unsigned = buildEthereumTransfer({
    chainId: 31337n,
    nonce,
    to: ETHEREUM_PAYEE,
    value: 1_000_000_000n,
    gasLimit: 21_000n,
    maxFeePerGas: 20_000_000_000n,
    maxPriorityFeePerGas: 1_000_000_000n,
  });
  const transaction = { kind: 'ethereum' as const, unsigned, from: { branch: 1 as const, index: 0 } };
  return { ticket, approvals: [signer.authority.approve(ticket)], attempt: 1, logAtLeast: 0, transaction };
}

describe('the signer process', () => {
  it('listens on a socket that only its user may open, and keeps the same wallet over a restart', async () => {
    expect((await stat(signer.socketPath)).mode & 0o777).toBe(0o600);
    const { accounts } = await signer.client.describe();
    expect(accounts.map(({ chainId }) => chainId)).toEqual(['bitcoin:regtest', 'eip155:31337']);
    await signer.stop();
    await signer.run();
    expect((await signer.client.describe()).accounts).toEqual(accounts);
  });

  it('D6: killed at any moment it forgets no signature it gave, and gives the same one again', async () => {
    const requests = Array.from({ length: 24 }, (_, at) => withdrawal(100 + at));
    const given = new Map<number, string>();
    for (let round = 0; round < 3; round++) {
      let killed: Promise<void> | undefined;
      for (const [at, request] of requests.entries()) {
        const answer = await signer.client.sign(request).catch(() => undefined);
        if (answer === undefined) break;
        expect(given.get(at) ?? answer.raw).toBe(answer.raw);
        given.set(at, answer.raw);
        if (at === 6 * round + 3) killed = sleep(Math.random() * 30).then(() => signer.kill());
      }
      await killed;
      await signer.run();
    }
    for (const [at, raw] of given) expect((await signer.client.sign(requests[at] ?? withdrawal(at))).raw).toBe(raw);
    expect(given.size).toBeGreaterThan(8);
  });

  it('refuses to start beside another signer on the same socket', async () => {
    expect(await signer.runAnother()).toBe(1);
    expect(signer.output).toContain('another signer listens');
    expect((await signer.client.sign(withdrawal(1))).raw).toMatch(/^0x02/);
  });

  it('survives frames that are too long, cut, not JSON, or not requests', async () => {
    const hostile = [
      Buffer.from([0xff, 0xff, 0xff, 0xff]),
      Buffer.from([0, 0, 0, 2, 0x7b]),
      Buffer.concat([Buffer.from([0, 0, 0, 3]), Buffer.from('{{{')]),
      encodeFrame('x'.repeat(100_000)),
      encodeFrame({ type: 'sign', __proto__: { id: 1 } }),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    ];
    for (const bytes of hostile) {
      await new Promise<void>((resolve) => {
        const socket = connect(signer.socketPath, () => socket.end(bytes));
        socket.on('error', () => undefined);
        socket.on('data', () => undefined);
        socket.on('close', () => resolve());
      });
    }
    expect((await signer.client.sign(withdrawal(2))).raw).toMatch(/^0x02/);
  });

  it('K4: its seed, phrase and keys are in no file and no line of output', async () => {
    await signer.client.sign(withdrawal(3));
    await signer.client.sign({ ...withdrawal(4), attempt: 7 }).catch(() => undefined);
    await signer.client.freeze('drill');
    await signer.stop();
    const sealed: unknown = JSON.parse(await readFile(join(signer.folder, 'keys/hot-seed.json'), 'utf8'));
    const wrapper = await PassphraseFileWrapper.fromFile(join(signer.folder, 'passphrase'));
    const entropy = await openSeed(sealed, { walletId: 'hot', purpose: 'seed' }, wrapper);
    const canaries = await secretsOf(entropy);
    const files = await readdir(signer.folder, { recursive: true, withFileTypes: true });
    const texts = await Promise.all(
      files.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')),
    );
    for (const text of [...texts, signer.output])
      for (const canary of canaries) expect(text.includes(canary)).toBe(false);
    expect(signer.output).not.toContain('a passphrase for specs only');
    expect(signer.output).toContain('frozen');
  });
});

async function secretsOf(entropy: Uint8Array): Promise<string[]> {
  const { masterKey, phraseFromEntropy, seedFromPhrase, extendedKeyVersions } = await import('@core/wallet');
  const phrase = phraseFromEntropy(entropy);
  const master = masterKey(seedFromPhrase(phrase), extendedKeyVersions('regtest'));
  const hot = masterKey(seedFromPhrase(phrase)).derive("m/44'/60'/0'/1/0");
  const bytes = [entropy, seedFromPhrase(phrase), master.privateKey, hot.privateKey].map((b) => Buffer.from(b ?? []));
  const encodings = bytes.flatMap((b) => [b.toString('hex'), b.toString('base64'), b.toString('latin1')]);
  return [phrase, phrase.split(' ').slice(0, 4).join(' '), master.privateExtendedKey, ...encodings];
}
