import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ManualClock } from '@base/clock';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { type OperatorRole, Refusal } from '@base/http';
import { Jobs, Outbox } from '@base/jobs';
import { createLogger } from '@base/observability';
import { Audit, listAuditRecords } from '@platform/audit';
import { createTestIdentity, type TestIdentity } from '@platform/identity/testing';
import { APPROVAL_STATES, APPROVAL_TABLE } from './approval.js';
import { type Approval, type ApprovalKind, approvalHistory, DecideApproval, ExecuteApprovals, findApproval, RequestApproval } from './index.js'; // prettier-ignore

const DAY_MS = 86_400_000;
const PAY = {
  kind: 'spec.pay',
  schema: z.object({ to: z.string(), amount: z.string() }),
  roles: ['treasury'],
} satisfies ApprovalKind;
const CALL = { ...PAY, kind: 'spec.call' } satisfies ApprovalKind;

let db: TestDatabase;
let identity: TestIdentity;
let maker: string;
let checker: string;
const clock = new ManualClock();
const called: string[] = [];
let isOutsideDown = false;
let jobs: Jobs;
let executions: ExecuteApprovals;

beforeAll(async () => {
  db = await createTestDatabase();
  identity = createTestIdentity(db.app, clock);
  maker = await identity.hire('maker@strongroom.example', ['treasury']);
  checker = await identity.hire('checker@strongroom.example', ['treasury']);
  await db.owner.query(
    `CREATE TABLE spec_paid (approval uuid, "to" text); GRANT INSERT, SELECT ON spec_paid TO strongroom_app`,
  );
  executions = new ExecuteApprovals({ database: db.app, clock, audit: new Audit(clock) });
  executions.register(PAY, async (tx, { id, payload }) => {
    await tx.query('INSERT INTO spec_paid VALUES ($1, $2)', [id, payload.to]);
    if (payload.to === 'nobody') throw new Refusal('payee_unknown', { status: 404, title: 'There is no such payee' });
    return { paid: payload.amount };
  });
  executions.registerOutside(CALL, ({ id }) => {
    if (isOutsideDown) return Promise.reject(new Error('the line is dead'));
    called.push(id);
    return Promise.resolve({ called: true });
  });
  jobs = new Jobs({ database: db.app, clock, logger: createLogger('spec', 'silent') });
  executions.registerJobs(jobs);
});
afterAll(() => db.drop());

const decide = () => new DecideApproval(new Outbox(db.app, clock), new Audit(clock), clock);
const as = (id: string, ...roles: OperatorRole[]) => ({ id, roles: new Set(roles.length > 0 ? roles : ['treasury' as const]) }); // prettier-ignore

const ask = (to = 'ada', kind: ApprovalKind<typeof PAY.schema> = PAY, requestedBy = maker): Promise<Approval> =>
  db.app.transaction((tx) =>
    new RequestApproval(new Audit(clock), clock).run(tx, kind, {
      payload: { to, amount: '12.50' },
      reason: 'the invoice of May',
      requestedBy,
    }),
  );
const approve = (
  { id, digest }: Pick<Approval, 'id' | 'digest'>,
  operator: ReturnType<typeof as> = as(checker),
): Promise<Approval> =>
  db.app.transaction((tx) => decide().approve(tx, { approvalId: id, digest, operator, reason: 'seen the invoice' }));
const stateOf = async ({ id }: Approval) => (await findApproval(db.app, id))?.state;
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
  );
const paid = async ({ id }: Approval): Promise<number> =>
  (await db.app.query('SELECT 1 FROM spec_paid WHERE approval = $1', [id])).length;

test('what is approved by another operator is executed once, with a row and a record for every step', async () => {
  const asked = await ask();
  await jobs.runPending();
  expect(await paid(asked)).toBe(0);
  await approve(asked);
  await jobs.runPending();
  await executions.run(asked.id);
  expect(await paid(asked)).toBe(1);
  expect(await findApproval(db.app, asked.id)).toMatchObject({
    state: 'executed',
    requestedBy: maker,
    decidedBy: checker,
    outcome: { paid: '12.50' },
  });
  expect((await approvalHistory(db.app, asked.id)).map(({ event, operatorId }) => [event, operatorId])).toEqual([
    ['request', maker],
    ['approve', checker],
    ['execute', null],
  ]);
  const records = await listAuditRecords(db.app, { subject: { kind: 'approval', id: asked.id }, limit: 9 });
  expect(records.map(({ action, actorId }) => [action, actorId])).toEqual([
    ['approvals.executed', null],
    ['approvals.approved', checker],
    ['approvals.requested', maker],
  ]);
});

describe('H5', () => {
  test('H5: nobody approves, or rejects, a request of their own, and SQL will not have it either', async () => {
    const asked = await ask();
    expect(await codeOf(approve(asked, as(maker, 'admin')))).toBe('approval_of_own');
    const plant = `UPDATE approvals.approval SET state = 'approved', decided_by = requested_by, decided_at = requested_at WHERE id = $1`;
    await expect(db.owner.query(plant, [asked.id])).rejects.toThrow(/check constraint/);
    expect(await stateOf(asked)).toBe('requested');
  });

  test('H5: a changed payload is not what was approved, and cannot be planted', async () => {
    const asked = await ask();
    const other = await ask('mallory');
    expect(await codeOf(approve({ id: other.id, digest: asked.digest }))).toBe('approval_digest_differs');
    const payload = JSON.stringify({ amount: '12.50', to: 'mallory' });
    const change = 'UPDATE approvals.approval SET payload = $2 WHERE id = $1';
    await expect(db.app.query(change, [asked.id, payload])).rejects.toThrow(/permission denied/);
    await expect(db.owner.query(change, [asked.id, payload])).rejects.toThrow(/check constraint/);
  });

  test('H5: of many approvals at once one counts, and the effect happens once', async () => {
    const asked = await ask();
    const others = await Promise.all([0, 1, 2].map((k) => identity.hire(`race-${k}@strongroom.example`, ['treasury'])));
    const answers = await Promise.all(others.flatMap((id) => [codeOf(approve(asked, as(id))), codeOf(approve(asked, as(id)))])); // prettier-ignore
    expect(answers.sort()).toEqual([...Array<string>(5).fill('approval_not_open'), 'done']);
    await Promise.all([executions.run(asked.id), executions.run(asked.id), jobs.runPending()]);
    expect(await paid(asked)).toBe(1);
  });

  test('H5: the wrong role, and rights that were taken away, approve nothing', async () => {
    const asked = await ask();
    expect(await codeOf(approve(asked, as(checker, 'support')))).toBe('approval_role_missing');
    const leaver = await identity.hire('leaver@strongroom.example', ['treasury']);
    const leaversOwn = await ask('ada', PAY, leaver);
    await approve(asked, as(leaver));
    await db.app.transaction((tx) =>
      identity.manageOperators.disable(tx, leaver, { actor: { kind: 'system' }, origin: undefined }),
    );
    await jobs.runPending();
    expect(await findApproval(db.app, asked.id)).toMatchObject({ state: 'failed', outcome: { code: 'approver_left' } });
    expect(await paid(asked)).toBe(0);
    expect(await codeOf(approve(leaversOwn))).toBe('approval_requester_left');
  });
});

test('an executor’s refusal undoes what it did and is told', async () => {
  const asked = await ask('nobody');
  await approve(asked);
  await jobs.runPending();
  expect(await findApproval(db.app, asked.id)).toMatchObject({ state: 'failed', outcome: { code: 'payee_unknown' } });
  expect(await paid(asked)).toBe(0);
});

test('an executor that cannot reach the outside is asked again, and given up in the end', async () => {
  const [early, late] = [await ask('ada', CALL), await ask('bob', CALL)];
  isOutsideDown = true;
  await approve(early);
  await approve(late);
  await jobs.runPending();
  expect(await stateOf(early)).toBe('approved');
  isOutsideDown = false;
  await executions.run(early.id);
  expect([await stateOf(early), called]).toEqual(['executed', [early.id]]);
  clock.advance(3_600_000);
  await executions.sweep();
  expect(await findApproval(db.app, late.id)).toMatchObject({
    state: 'failed',
    outcome: { code: 'execution_given_up' },
  });
  await jobs.runPending();
  expect(called).toEqual([early.id]);
});

test('a request is withdrawn by its owner, rejected by another, or expires, and none of these is approved afterwards', async () => {
  const [withdrawn, rejected, expired] = [await ask(), await ask(), await ask()];
  const decision = { reason: 'not needed any more' };
  const withdraw = (by: string) => db.app.transaction((tx) => decide().withdraw(tx, { approvalId: withdrawn.id, operator: as(by), ...decision })); // prettier-ignore
  expect(await codeOf(withdraw(checker))).toBe('approval_of_others');
  await withdraw(maker);
  await db.app.transaction((tx) =>
    decide().reject(tx, { approvalId: rejected.id, operator: as(checker), ...decision }),
  );
  clock.advance(DAY_MS);
  expect(await codeOf(approve(expired))).toBe('approval_expired');
  await executions.sweep();
  expect(await Promise.all([withdrawn, rejected, expired].map(stateOf))).toEqual(['withdrawn', 'rejected', 'expired']);
  for (const over of [withdrawn, rejected]) expect(await codeOf(approve(over))).toBe('approval_not_open');
  const revive = `UPDATE approvals.approval SET state = 'requested' WHERE id = $1`;
  await expect(db.owner.query(revive, [withdrawn.id])).rejects.toThrow(/does not change/);
});

test('every state is reached by the table, and has an exit or is over', () => {
  const reached = new Set(Object.values(APPROVAL_TABLE).flatMap((events) => Object.values(events)));
  expect([...APPROVAL_STATES].filter((state) => state !== 'requested' && !reached.has(state))).toEqual([]);
});
