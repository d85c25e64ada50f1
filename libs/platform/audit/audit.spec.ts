import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@base/clock';
import { Secret } from '@base/config';
import { type Database } from '@base/database';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import {
  AnchorSigner,
  Audit,
  type AuditEntry,
  type AuditRecord,
  ChainVerifier,
  type ChainVerdict,
  FileAnchorStore,
  listAuditRecords,
  readAuditHead,
  readAuditRecords,
  verifyAuditChain,
} from './index.js';

const signer = new AnchorSigner(new Secret('the-anchor-key-of-this-spec'));
const clock = new ManualClock();
const audit = new Audit(clock);

const entry = (number: number): AuditEntry => ({
  actor: number % 3 === 0 ? { kind: 'system' } : { kind: 'operator', id: `operator-${number % 5}` },
  action: number % 2 === 0 ? 'identity.customer-frozen' : 'identity.customer-tier-set',
  subject: { kind: 'customer', id: `customer-${number % 7}` },
  before: number % 4 === 0 ? undefined : { tier: number, note: 'ä "quoted" \\ 💰' },
  after: { tier: number + 1, nested: [1, null, { b: true, a: '1e309' }] },
  reason: number % 2 === 0 ? 'reason: 3:abc,' : undefined,
  request:
    number % 3 === 0
      ? undefined
      : { id: `request-${number}`, network: number % 2 === 0 ? '2001:db8::7' : '203.0.113.9' },
});

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  for (let number = 1; number <= 40; number += 1) {
    clock.advance(1_234);
    await db.app.transaction((tx) => audit.append(tx, entry(number)));
  }
});
afterAll(() => db.drop());

const verdictOf = (
  records: readonly AuditRecord[],
  anchors = [] as Parameters<typeof verifyAuditChain>[1],
): ChainVerdict => {
  const verifier = new ChainVerifier(anchors, signer);
  for (const record of records) {
    const fault = verifier.follow(record);
    if (fault) return { sound: false, ...fault };
  }
  return verifier.finish();
};

describe('the audit', () => {
  it('chains records as the verifier computes them, whatever is in them', async () => {
    const head = await readAuditHead(db.app);
    expect(await verifyAuditChain(db.app, [signer.sign(head, clock.now())], signer)).toEqual({
      sound: true,
      records: 40n,
      anchors: 1,
    });
  });

  it('keeps one chain under concurrent writers', async () => {
    const fresh = await createTestDatabase({ max: 16 });
    await Promise.all(
      Array.from({ length: 64 }, (_, number) => fresh.app.transaction((tx) => audit.append(tx, entry(number)))),
    );
    expect(await verifyAuditChain(fresh.app, [], signer)).toMatchObject({ sound: true, records: 64n });
    await fresh.drop();
  });

  it('J4: is part of the transaction: an action that fails leaves no record, and a record that fails undoes the action', async () => {
    const before = await readAuditHead(db.app);
    const failing = db.app.transaction(async (tx) => {
      await audit.append(tx, entry(1));
      throw new Error('the action failed');
    });
    await expect(failing).rejects.toThrow('the action failed');
    expect(await readAuditHead(db.app)).toEqual(before);

    const unrecorded = db.app.transaction(async (tx) => {
      await tx.query('UPDATE base.sandbox_clock SET offset_ms = 77');
      await audit.append(tx, { ...entry(1), action: 'Not An Action' });
    });
    await expect(unrecorded).rejects.toThrow(/record_action_check/);
    expect(await db.app.one('SELECT offset_ms FROM base.sandbox_clock')).toEqual({ offset_ms: 0n });
  });

  it('is found by subject, actor and action, newest first, in pages', async () => {
    const found = await listAuditRecords(db.app, { subject: { kind: 'customer', id: 'customer-3' }, limit: 3 });
    expect(found.map(({ sequence }) => sequence)).toEqual([38n, 31n, 24n]);
    const next = await listAuditRecords(db.app, {
      subject: { kind: 'customer', id: 'customer-3' },
      before: 24n,
      limit: 9,
    });
    expect(next.map(({ sequence }) => sequence)).toEqual([17n, 10n, 3n]);
    const byActor = await listAuditRecords(db.app, {
      actor: { kind: 'operator', id: 'operator-1' },
      action: 'identity.customer-frozen',
      limit: 9,
    });
    expect(byActor.map(({ sequence }) => sequence)).toEqual([26n, 16n]);
  });
});

describe('B8: the database itself', () => {
  it.each([
    'UPDATE audit.record SET reason = NULL',
    'DELETE FROM audit.record',
    'TRUNCATE audit.record',
    'UPDATE audit.head SET sequence = 0',
    `INSERT INTO audit.record (sequence, recorded_at, actor_kind, action, subject_kind, subject_id, previous_hash, hash)
     VALUES (1, now(), 'system', 'a.b', 'x', 'y', '', '')`,
    'SELECT audit.link_record()',
  ])('refuses the application role: %s', async (sql) => {
    await expect(db.app.query(sql)).rejects.toThrow(/permission denied|may only be called|trigger/);
  });

  it.each(['UPDATE audit.record SET reason = NULL', 'DELETE FROM audit.record', 'TRUNCATE audit.record'])(
    'refuses even its owner, unless the triggers are taken away: %s',
    async (sql) => {
      await expect(db.owner.query(sql)).rejects.toThrow('never changed or removed');
    },
  );
});

describe('J3: tampering with the record as a superuser', () => {
  const asSuperuser = async (owner: Database, sql: string): Promise<void> => {
    await owner.transaction(async (tx) => {
      await tx.query('ALTER TABLE audit.record DISABLE TRIGGER ALL');
      await tx.query(sql);
      await tx.query('ALTER TABLE audit.record ENABLE TRIGGER ALL');
    });
  };

  it.each([
    [
      'an edited row',
      `UPDATE audit.record SET reason = 'nothing to see' WHERE sequence = 3`,
      { at: 3n, fault: 'altered' },
    ],
    ['a removed row', 'DELETE FROM audit.record WHERE sequence = 3', { at: 3n, fault: 'missing' }],
    ['a cut tail', 'DELETE FROM audit.record WHERE sequence > 3', { at: 4n, fault: 'not-anchored' }],
    ['everything gone', 'DELETE FROM audit.record', { at: 1n, fault: 'not-anchored' }],
  ])('%s is found in the table', async (_name, sql, found) => {
    const fresh = await createTestDatabase({ max: 2 });
    for (let number = 1; number <= 5; number += 1) await fresh.app.transaction((tx) => audit.append(tx, entry(number)));
    const anchor = signer.sign(await readAuditHead(fresh.app), clock.now());
    await asSuperuser(fresh.owner, sql);
    expect(await verifyAuditChain(fresh.app, [anchor], signer)).toEqual({ sound: false, ...found });
    await fresh.drop();
  });

  it('every single change of exported records is found by whoever holds only the anchors', async () => {
    const records = await readAuditRecords(db.app, 0n, 100);
    const anchors = [10n, 25n, 40n].map((sequence) => {
      const record = records[Number(sequence) - 1];
      if (!record) throw new Error('no such record');
      return signer.sign({ sequence, hash: record.hash }, clock.now());
    });
    expect(verdictOf(records, anchors)).toMatchObject({ sound: true });

    const position = fc.nat({ max: records.length - 1 });
    const field = fc.constantFrom('recordedMs', 'actorKind', 'actorId', 'action', 'subjectKind', 'subjectId', 'before', 'after', 'reason', 'requestId', 'network'); // prettier-ignore
    const mutation = fc.oneof(
      fc.record({ kind: fc.constant('edit' as const), at: position, field, text: fc.string() }),
      fc.record({ kind: fc.constant('delete' as const), at: position }),
      fc.record({ kind: fc.constant('duplicate' as const), at: position }),
      fc.record({ kind: fc.constant('swap' as const), at: position, other: position }),
      fc.record({ kind: fc.constant('cut' as const), at: position }),
      fc.record({ kind: fc.constant('flip' as const), at: position, bit: fc.nat({ max: 511 }) }),
    );
    const runs = process.env['TORTURE'] ? 10_000 : 1_000;
    fc.assert(
      fc.property(mutation, (change) => {
        const tampered = tamper(records, change);
        fc.pre(JSON.stringify(tampered, plain) !== JSON.stringify(records, plain));
        expect(verdictOf(tampered, anchors).sound).toBe(false);
      }),
      { numRuns: runs },
    );
  });

  it('a seal of our own making is required, and two seals cannot disagree', async () => {
    const records = await readAuditRecords(db.app, 0n, 100);
    const head = signer.sign(await readAuditHead(db.app), clock.now());
    const forger = new AnchorSigner(new Secret('somebody-else-s-anchor-key'));
    expect(
      verdictOf(records, [forger.sign({ sequence: 40n, hash: Buffer.from(head.hash, 'hex') }, clock.now())]),
    ).toMatchObject({ fault: 'forged-anchor' });
    expect(
      verdictOf(records, [head, signer.sign({ sequence: 40n, hash: Buffer.alloc(32) }, clock.now())]),
    ).toMatchObject({ sound: false });
  });
});

type Tampering =
  | { kind: 'edit'; at: number; field: keyof AuditRecord; text: string }
  | { kind: 'swap'; at: number; other: number }
  | { kind: 'flip'; at: number; bit: number }
  | { kind: 'delete' | 'duplicate' | 'cut'; at: number };

function tamper(records: readonly AuditRecord[], change: Tampering): AuditRecord[] {
  const copy = [...records];
  const record = copy[change.at];
  if (!record) throw new Error('no such record');
  switch (change.kind) {
    case 'edit':
      copy[change.at] = {
        ...record,
        [change.field]: change.field === 'recordedMs' ? record.recordedMs + 1n : change.text,
      };
      return copy;
    case 'swap':
      copy[change.at] = copy[change.other] ?? record;
      copy[change.other] = record;
      return copy;
    case 'flip': {
      const both = Buffer.concat([record.previousHash, record.hash]);
      both.writeUInt8(both.readUInt8(change.bit >> 3) ^ (1 << (change.bit & 7)), change.bit >> 3);
      copy[change.at] = { ...record, previousHash: both.subarray(0, 32), hash: both.subarray(32) };
      return copy;
    }
    case 'delete':
      copy.splice(change.at, 1);
      return copy;
    case 'duplicate':
      copy.splice(change.at, 0, record);
      return copy;
    case 'cut':
      return copy.slice(0, change.at);
  }
}

const plain = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);

describe('anchors in a file', () => {
  it('are added, read back, and survive a line that a crash cut', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'anchors-'));
    const store = new FileAnchorStore(join(folder, 'anchors.jsonl'));
    expect(await store.read()).toEqual([]);
    const anchors = [1n, 2n].map((sequence) => signer.sign({ sequence, hash: Buffer.alloc(32, 7) }, clock.now()));
    for (const anchor of anchors) await store.append(anchor);
    await appendFile(join(folder, 'anchors.jsonl'), '{"sequence":"3","ha');
    expect(await store.read()).toEqual(anchors);
    rmSync(folder, { recursive: true });
  });
});
