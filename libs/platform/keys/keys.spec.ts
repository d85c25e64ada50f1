import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { SIGNER_FRAME_LIMIT, type Ticket, ticketDigest } from '@core/contracts';
import { Secret } from '@base/config';
import { encodeFrame, FrameReader, gatherEntropy, openSeed, PassphraseFileWrapper, sealSeed, type SealedSeed, TicketVerifier } from './index.js'; // prettier-ignore
import { ticketKeys } from './testing/index.js';

const LABEL = { walletId: 'hot', purpose: 'seed' };

describe('a sealed seed', () => {
  const entropy = Uint8Array.from(randomBytes(32));
  const wrapper = new PassphraseFileWrapper(new Secret('correct horse battery staple'));
  let sealed: SealedSeed;
  beforeAll(async () => {
    sealed = await sealSeed(entropy, LABEL, wrapper);
  });

  it('shows nothing of itself, and costs a guess 128 MiB', () => {
    expect(JSON.stringify(sealed)).not.toContain(Buffer.from(entropy).toString('hex'));
    expect(inspect(wrapper, { depth: 9 })).not.toContain('battery');
    expect(sealed.wrappedKey['N']).toBeGreaterThanOrEqual(2 ** 17);
  });

  it('refuses a wrong passphrase', async () => {
    const other = new PassphraseFileWrapper(new Secret('correct horse battery stapl3'));
    await expect(openSeed(sealed, LABEL, other)).rejects.toThrow(/wrong passphrase/);
  });

  it('K7: does not open as another wallet, nor with parts of another wallet’s file', async () => {
    const cold = await sealSeed(Uint8Array.from(randomBytes(32)), { walletId: 'cold', purpose: 'seed' }, wrapper);
    await expect(openSeed(sealed, { ...LABEL, walletId: 'cold' }, wrapper)).rejects.toThrow(/holds hot/);
    await expect(openSeed({ ...sealed, walletId: 'cold' }, { ...LABEL, walletId: 'cold' }, wrapper)).rejects.toThrow(
      /altered/,
    );
    await expect(openSeed({ ...sealed, wrappedKey: cold.wrappedKey }, LABEL, wrapper)).rejects.toThrow(/altered/);
  });

  it('refuses a changed ciphertext, a weaker KDF and an unknown version', async () => {
    const flip = (text: string): string => (text.startsWith('0') ? '1' : '0') + text.slice(1);
    await expect(openSeed({ ...sealed, ciphertext: flip(sealed.ciphertext) }, LABEL, wrapper)).rejects.toThrow(
      /altered/,
    );
    const weaker = { ...sealed, wrappedKey: { ...sealed.wrappedKey, N: 1024 } };
    await expect(openSeed(weaker, LABEL, wrapper)).rejects.toThrow(/weaker parameters/);
    await expect(openSeed({ ...sealed, version: 2 }, LABEL, wrapper)).rejects.toThrow(/version/);
  });

  it('opens with its passphrase, from a file that nobody else may read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keys-'));
    const file = join(folder, 'passphrase');
    await writeFile(file, 'correct horse battery staple\n', { mode: 0o600 });
    expect(
      await openSeed(JSON.parse(JSON.stringify(sealed)), LABEL, await PassphraseFileWrapper.fromFile(file)),
    ).toEqual(entropy);
    await chmod(file, 0o640);
    await expect(PassphraseFileWrapper.fromFile(file)).rejects.toThrow(/owner only/);
    await chmod(file, 0o600);
    await writeFile(file, 'short');
    await expect(PassphraseFileWrapper.fromFile(file)).rejects.toThrow(/at least 16/);
    await rm(folder, { recursive: true });
  });
});

describe('K1: entropy for a seed', () => {
  const constant = (length: number): Uint8Array => new Uint8Array(length).fill(7);
  const counting = (): ((length: number) => Uint8Array) => {
    let next = 0;
    return (length) => Uint8Array.from({ length }, () => next++ % 256);
  };

  it('never gives the same seed twice', () => {
    expect(gatherEntropy()).not.toEqual(gatherEntropy());
    expect(gatherEntropy()).toHaveLength(32);
  });

  it('refuses a constant, a counting, a biased and a text source, and two sources that agree', () => {
    expect(() => gatherEntropy([constant])).toThrow(/repeats/);
    expect(() => gatherEntropy([counting()])).toThrow(/repeats|not random/);
    expect(() => gatherEntropy([(n) => Uint8Array.from(randomBytes(n), (byte) => byte & 0x7f)])).toThrow(
      /biased|not random/,
    );
    expect(() => gatherEntropy([(n) => Buffer.from(randomBytes(n).toString('hex').slice(0, n))])).toThrow(
      /biased|not random/,
    );
    let turn = 0;
    const drawn = Array.from({ length: 8 }, () => Uint8Array.from(randomBytes(256)));
    const healthy = (n: number): Uint8Array =>
      n === 32 ? new Uint8Array(32).fill(1) : (drawn[turn++] ?? new Uint8Array());
    expect(() => gatherEntropy([healthy, healthy])).toThrow(/same bytes/);
    expect(() => gatherEntropy([])).toThrow(/no source/);
  });
});

describe('tickets', () => {
  const ticket: Ticket = {
    intentId: '7d2f4bb1-50f3-4b4e-8a57-6a3f8ad3a1c2',
    purpose: 'withdrawal',
    chainId: 'bitcoin:regtest',
    asset: 'BTC',
    destination: 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080',
    amount: '1',
    maxFee: '23',
    expiresAt: 45,
    policyVersion: 6,
  };

  it('no two tickets share a digest, whatever moves between neighbouring fields', () => {
    const shifted = { ...ticket, amount: '12', maxFee: '3' };
    expect(ticketDigest(ticket)).not.toEqual(ticketDigest(shifted));
    expect(ticketDigest({ ...ticket })).toEqual(ticketDigest(ticket));
  });

  it('counts different approvers, not approvals', () => {
    const [one, two, three] = [ticketKeys(), ticketKeys(), ticketKeys()];
    const verifier = new TicketVerifier([
      { version: 6, threshold: 2, publicKeysPem: [one.publicKeyPem, two.publicKeyPem] },
    ]);
    const by = (...keys: (typeof one)[]) => keys.map(({ authority }) => authority.approve(ticket));
    expect(verifier.check(ticket, by(one, two))).toBe('approved');
    expect(verifier.check(ticket, by(one, one, one))).toBe('ticket_not_approved');
    expect(verifier.check(ticket, by(one, three))).toBe('ticket_not_approved');
    const swapped = by(one, two).map((approval, at, all) => ({ ...approval, keyId: all[1 - at]?.keyId ?? '' }));
    expect(verifier.check(ticket, swapped)).toBe('ticket_not_approved');
    expect(verifier.check({ ...ticket, policyVersion: 7 }, by(one, two))).toBe('policy_version_unknown');
    expect(inspect(one.authority, { depth: 9, showHidden: true })).not.toContain('PRIVATE');
  });
});

describe('frames', () => {
  it('survive any cut of the stream', () => {
    const values = [{ a: 1 }, 'x'.repeat(70_000), [], null];
    const stream = Buffer.concat(values.map(encodeFrame));
    for (const size of [1, 3, 4, 5, 1000, stream.length]) {
      const reader = new FrameReader();
      const read: unknown[] = [];
      for (let at = 0; at < stream.length; at += size) read.push(...reader.push(stream.subarray(at, at + size)));
      expect(read).toEqual(values);
    }
  });

  it('refuse a length beyond the limit before anything is kept, and bytes that are not JSON', () => {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(SIGNER_FRAME_LIMIT + 1);
    expect(() => new FrameReader().push(header)).toThrow(/too long/);
    expect(() => new FrameReader().push(Buffer.from([0, 0, 0, 1, 0x7b]))).toThrow(/not JSON/);
    expect(() => encodeFrame('x'.repeat(SIGNER_FRAME_LIMIT))).toThrow(/too long/);
  });
});
