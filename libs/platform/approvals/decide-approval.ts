import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { type OperatorRole } from '@base/http';
import { type Outbox } from '@base/jobs';
import { type Audit } from '@platform/audit';
import { findOperator } from '@platform/identity';
import { type Approval } from './approval.js';
import { advance, lockApproval } from './approvals.js';
import { refusal } from './refusals.js';

export interface Decision {
  readonly approvalId: string;
  readonly operator: { readonly id: string; readonly roles: ReadonlySet<OperatorRole> };
  readonly reason: string;
}

/** The job that executes what was approved. */
export const EXECUTE_JOB = 'approvals.execute';

/**
 * The second pair of eyes. Who asked for it never decides it: that is checked here and, should this ever be wrong, by the table. The caller has
 * made sure that the person is there at this moment (step-up), in the same transaction. Call these last in it: they end with the audit record.
 */
export class DecideApproval {
  constructor(
    private readonly outbox: Outbox,
    private readonly audit: Audit,
    private readonly clock: Clock,
  ) {}

  /**
   * Allows it, and has it executed. `digest` is that of the payload the approver has seen.
   * @throws Refusal, of which every one leaves the request as it was
   */
  async approve(tx: Tx, { digest, ...decision }: Decision & { readonly digest: string }): Promise<Approval> {
    const approval = await this.#lockForDecision(tx, decision);
    if (approval.digest !== digest) throw refusal('approval_digest_differs');
    if (!(await isActive(tx, approval.requestedBy))) throw refusal('approval_requester_left');
    const approved = await this.#advance(tx, approval, 'approve', decision);
    await this.outbox.enqueue(tx, { id: approval.id, kind: EXECUTE_JOB, payload: { approvalId: approval.id } });
    await this.#record(tx, approved, 'approvals.approved', decision);
    return approved;
  }

  /** @throws Refusal */
  async reject(tx: Tx, decision: Decision): Promise<Approval> {
    const approval = await this.#lockForDecision(tx, decision);
    const rejected = await this.#advance(tx, approval, 'reject', decision);
    await this.#record(tx, rejected, 'approvals.rejected', decision);
    return rejected;
  }

  /** Taken back by who asked for it. @throws Refusal */
  async withdraw(tx: Tx, decision: Decision): Promise<Approval> {
    const approval = await lockApproval(tx, decision.approvalId);
    if (approval.requestedBy !== decision.operator.id) throw refusal('approval_of_others');
    const withdrawn = await this.#advance(tx, approval, 'withdraw', decision);
    await this.#record(tx, withdrawn, 'approvals.withdrawn', decision);
    return withdrawn;
  }

  async #lockForDecision(tx: Tx, { approvalId, operator }: Decision): Promise<Approval> {
    const approval = await lockApproval(tx, approvalId);
    if (approval.requestedBy === operator.id) throw refusal('approval_of_own');
    if (!mayDecide(approval, operator.roles)) throw refusal('approval_role_missing');
    if (approval.state === 'requested' && approval.expiresAt <= this.clock.now()) throw refusal('approval_expired');
    return approval;
  }

  #advance(
    tx: Tx,
    approval: Approval,
    event: 'approve' | 'reject' | 'withdraw',
    decision: Decision,
  ): Promise<Approval> {
    return advance(tx, approval, event, { at: this.clock.now(), by: decision.operator.id, reason: decision.reason });
  }

  async #record(tx: Tx, { id, kind, digest }: Approval, action: string, decision: Decision): Promise<void> {
    await this.audit.append(tx, {
      actor: { kind: 'operator', id: decision.operator.id },
      action,
      subject: { kind: 'approval', id },
      after: { kind, digest },
      reason: decision.reason,
    });
  }
}

export const mayDecide = ({ roles }: Pick<Approval, 'roles'>, given: ReadonlySet<OperatorRole>): boolean =>
  given.has('admin') || roles.some((role) => given.has(role));

const isActive = async (tx: Tx, operatorId: string): Promise<boolean> =>
  (await findOperator(tx, operatorId))?.status === 'active';
