import { type z } from 'zod';
import { type Clock } from '@base/clock';
import { type Tx, uuidV7 } from '@base/database';
import { type OperatorRole } from '@base/http';
import { type Audit, type Json } from '@platform/audit';
import { type Approval } from './approval.js';
import { insertApproval } from './approvals.js';

/** Something that takes four eyes, declared by whoever owns the action. */
export interface ApprovalKind<Schema extends z.ZodType<Json> = z.ZodType<Json>> {
  /** `venue.bust-trade`: the library, a point, the action. */
  readonly kind: string;
  /** Of the payload; amounts as strings. */
  readonly schema: Schema;
  /** Whoever may decide has one of these, or is an administrator. */
  readonly roles: readonly OperatorRole[];
  /** How long it may wait for a decision; a day unless told. */
  readonly expiresAfterMs?: number;
}

const DAY_MS = 86_400_000;

/** Asks for something that another operator has to allow. Nothing happens until then. */
export class RequestApproval {
  constructor(
    private readonly audit: Audit,
    private readonly clock: Clock,
  ) {}

  /** Call it last in its transaction: it ends with the audit record. Under an `id` that exists, what stands there is answered. */
  async run<Schema extends z.ZodType<Json>>(
    tx: Tx,
    { kind, schema, roles, expiresAfterMs = DAY_MS }: ApprovalKind<Schema>,
    request: {
      readonly payload: z.infer<Schema>;
      readonly reason: string;
      readonly requestedBy: string;
      readonly id?: string;
    },
  ): Promise<Approval> {
    const now = this.clock.now();
    const { approval, isNew } = await insertApproval(tx, {
      id: request.id ?? uuidV7(now.getTime()),
      kind,
      payload: schema.parse(request.payload),
      reason: request.reason,
      roles,
      requestedBy: request.requestedBy,
      requestedAt: now,
      expiresAt: new Date(now.getTime() + expiresAfterMs),
    });
    if (!isNew) return approval;
    await this.audit.append(tx, {
      actor: { kind: 'operator', id: request.requestedBy },
      action: 'approvals.requested',
      subject: { kind: 'approval', id: approval.id },
      after: { kind, payload: approval.payload, digest: approval.digest },
      reason: request.reason,
    });
    return approval;
  }
}
