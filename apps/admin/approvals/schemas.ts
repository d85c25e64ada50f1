import { z } from 'zod';
import { OPERATOR_ROLES, pageQuery } from '@base/http';
import { type Approval, APPROVAL_STATES, type ApprovalStep } from '@platform/approvals';

export const id = z.uuid();
const reason = z.string().trim().min(3).max(500);

export const approvalListing = z.strictObject({
  ...pageQuery(),
  state: z.enum(APPROVAL_STATES).optional(),
  kind: z.string().max(80).optional(),
});

export const approveOrder = z
  .strictObject({
    digest: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be the digest of the request as it was read')
      .meta({ description: 'SHA-256 of the payload that was looked at, as the request shows it' }),
    reason,
  })
  .meta({ id: 'ApprovalOrder' });
export const refuseOrder = z.strictObject({ reason }).meta({ id: 'ApprovalRefusal' });

const time = z.iso.datetime();
export const approvalSchema = z
  .object({
    id,
    kind: z.string(),
    payload: z.unknown(),
    digest: z.string(),
    reason: z.string(),
    roles: z.array(z.enum(OPERATOR_ROLES)),
    requestedBy: id,
    requestedAt: time,
    expiresAt: time,
    state: z.enum(APPROVAL_STATES),
    decidedBy: id.nullable(),
    decidedAt: time.nullable(),
    decisionReason: z.string().nullable(),
    outcome: z.unknown().meta({ description: 'Of what was executed: its result. Of what failed: why.' }),
  })
  .meta({ id: 'Approval' });
export const approvalDetail = approvalSchema
  .extend({
    history: z.array(
      z.object({
        version: z.int(),
        event: z.string(),
        from: z.string().nullable(),
        to: z.string(),
        operatorId: id.nullable(),
        reason: z.string().nullable(),
        at: time,
      }),
    ),
  })
  .meta({ id: 'ApprovalDetail' });
export const approvalPage = z
  .object({ items: z.array(approvalSchema), next: z.string().optional() })
  .meta({ id: 'ApprovalPage' });

/** As operators see it. */
export const presentApproval = (approval: Approval, history?: readonly ApprovalStep[]): object => ({
  ...approval,
  version: undefined,
  ...(history && { history }),
});
