import { z } from 'zod';
import { type Clock } from '@base/clock';
import { type Database, type Tx } from '@base/database';
import { Refusal } from '@base/http';
import { type ClaimedJob, type Jobs } from '@base/jobs';
import { counter } from '@base/observability';
import { type Audit, type Json } from '@platform/audit';
import { findOperator } from '@platform/identity';
import { type Approval } from './approval.js';
import { advance, findApproval, findOverdue, lockApproval } from './approvals.js';
import { EXECUTE_JOB, mayDecide } from './decide-approval.js';
import { type ApprovalKind } from './request-approval.js';

const SWEEP_MS = 15_000;
/** What was approved and not executed by then is given up: its world has moved on. */
const GIVE_UP_MS = 3_600_000;
const MOST_AT_ONCE = 200;
const MOST_ATTEMPTS = 40;

const ended = counter({
  name: 'strongroom_approvals_ended_total',
  help: 'Requests for approval by kind and how they ended without or after execution',
  labels: ['kind', 'outcome'],
});

type Approved<Payload> = Omit<Approval, 'payload'> & { readonly payload: Payload };

/** Its whole effect is in the transaction that also writes `executed`. A `Refusal` undoes it and makes the approval `failed`. */
export type Execute<Payload> = (tx: Tx, approval: Approved<Payload>) => Promise<Json>;
/** Speaks to the outside before `executed` is written; may run twice, so it must be idempotent by the approval's id. */
export type ExecuteOutside<Payload> = (approval: Approved<Payload>) => Promise<Json>;

type Executor = ApprovalKind & ({ readonly inside: Execute<Json> } | { readonly outside: ExecuteOutside<Json> });

export interface ExecutionParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly audit: Audit;
}

/**
 * Carries out what was approved, once: each kind by the executor that the owner of the action has registered. Expires what nobody decided
 * about, and gives up what could not be executed.
 */
export class ExecuteApprovals {
  readonly #executors = new Map<string, Executor>();

  constructor(private readonly parts: ExecutionParts) {}

  register<Schema extends z.ZodType<Json>>(kind: ApprovalKind<Schema>, execute: Execute<z.infer<Schema>>): void {
    this.#add({ ...kind, inside: (tx, approval) => execute(tx, withPayload(kind, approval)) });
  }

  registerOutside<Schema extends z.ZodType<Json>>(
    kind: ApprovalKind<Schema>,
    execute: ExecuteOutside<z.infer<Schema>>,
  ): void {
    this.#add({ ...kind, outside: (approval) => execute(withPayload(kind, approval)) });
  }

  /** Registers the job and the sweep. Every kind must be registered in the same process. */
  registerJobs(jobs: Jobs): void {
    jobs.registerOutside({
      kind: EXECUTE_JOB,
      schema: z.object({ approvalId: z.uuid() }),
      handle: ({ approvalId }, job) => this.run(approvalId, job),
      // Tried for as long as it is not given up.
      maxAttempts: MOST_ATTEMPTS,
    });
    jobs.every({ kind: 'approvals.sweep', everyMs: SWEEP_MS, run: () => this.sweep() });
  }

  /** Nothing when it is over. @throws Error of the executor other than a `Refusal`: ask again later */
  async run(approvalId: string, job?: Pick<ClaimedJob, 'assertMine'>): Promise<void> {
    const { database } = this.parts;
    const approval = await findApproval(database, approvalId);
    if (approval?.state !== 'approved') return;
    const executor = this.#executors.get(approval.kind);
    if (executor === undefined) throw new Error(`nobody executes ${approval.kind}`);
    try {
      if ('inside' in executor) {
        await database.transaction((tx) =>
          this.#finish(tx, approvalId, {
            job,
            work: async (locked) => {
              await assertApproverRemains(tx, locked);
              return executor.inside(tx, locked);
            },
          }),
        );
        return;
      }
      await database.transaction(async (tx) => assertApproverRemains(tx, approval));
      const outcome = await executor.outside(approval);
      await database.transaction((tx) => this.#finish(tx, approvalId, { job, work: () => Promise.resolve(outcome) }));
    } catch (error) {
      // What is unavailable is asked again.
      if (!(error instanceof Refusal) || error.options.status === 503) throw error;
      const outcome = { code: error.code, title: error.options.title, detail: error.options.detail ?? null };
      await database.transaction((tx) => this.#fail(tx, approvalId, outcome));
    }
  }

  /** Ends what stands too long. */
  async sweep(): Promise<void> {
    const { database, clock } = this.parts;
    const now = clock.now();
    const approvedBefore = new Date(now.getTime() - GIVE_UP_MS);
    for (const { id } of await findOverdue(database, { now, approvedBefore, limit: MOST_AT_ONCE })) {
      await database.transaction(async (tx) => {
        const approval = await lockApproval(tx, id);
        // Somebody may have decided while this waited for the lock.
        const { state, decidedAt } = approval;
        if (state === 'requested') await this.#expire(tx, approval, now);
        else if (state === 'approved' && decidedAt !== null && decidedAt <= approvedBefore) await this.#fail(tx, id, GIVEN_UP); // prettier-ignore
      });
    }
  }

  async #finish(
    tx: Tx,
    id: string,
    { job, work }: { job: Pick<ClaimedJob, 'assertMine'> | undefined; work: (locked: Approval) => Promise<Json> },
  ): Promise<void> {
    await job?.assertMine(tx);
    const locked = await lockApproval(tx, id);
    if (locked.state !== 'approved') return;
    const outcome = await work(locked);
    await advance(tx, locked, 'execute', { at: this.parts.clock.now(), by: null, outcome });
    await this.#record(tx, locked, 'approvals.executed', outcome);
  }

  async #fail(tx: Tx, id: string, outcome: Json): Promise<void> {
    const locked = await lockApproval(tx, id);
    if (locked.state !== 'approved') return;
    await advance(tx, locked, 'fail', { at: this.parts.clock.now(), by: null, outcome });
    await this.#record(tx, locked, 'approvals.failed', outcome);
  }

  async #expire(tx: Tx, approval: Approval, at: Date): Promise<void> {
    await advance(tx, approval, 'expire', { at, by: null });
    await this.#record(tx, approval, 'approvals.expired', null);
  }

  async #record(tx: Tx, { id, kind, payload }: Approval, action: string, outcome: Json): Promise<void> {
    tx.afterCommit(() => ended.inc({ kind, outcome: action.replace('approvals.', '') }));
    await this.parts.audit.append(tx, {
      actor: { kind: 'system' },
      action,
      subject: { kind: 'approval', id },
      after: { kind, payload, outcome },
    });
  }

  #add(executor: Executor): void {
    if (this.#executors.has(executor.kind)) throw new Error(`two executors are registered for ${executor.kind}`);
    this.#executors.set(executor.kind, executor);
  }
}

const GIVEN_UP: Json = {
  code: 'execution_given_up',
  title: 'It could not be executed in time',
  detail: 'Look at the subject: if its executor speaks to the outside, it may have had an effect.',
};

const withPayload = <Schema extends z.ZodType<Json>>(
  { schema }: ApprovalKind<Schema>,
  approval: Approval,
): Approved<z.infer<Schema>> => ({ ...approval, payload: schema.parse(approval.payload) });

/** Whoever approved it must still be somebody who may: rights that were taken away take their effect with them. */
async function assertApproverRemains(tx: Tx, approval: Approval): Promise<void> {
  const operator = approval.decidedBy === null ? undefined : await findOperator(tx, approval.decidedBy);
  if (operator?.status === 'active' && mayDecide(approval, new Set(operator.roles))) return;
  throw new Refusal('approver_left', { status: 409, title: 'Whoever approved this may not any more' });
}
