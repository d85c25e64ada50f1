import { z } from 'zod';
import { formatAmount } from '@core/money';
import { type Chargeback, type Freeze, type ReconciliationItem, type ReconciliationRun, type Refund, type StoredEvent, type SuspenseItem, type Withdrawal } from '@platform/payments'; // prettier-ignore

const time = z.iso.datetime();

export const suspenseSchema = z
  .object({
    id: z.uuid(),
    lineId: z.string(),
    asset: z.string(),
    amount: z.string(),
    reason: z.string(),
    state: z.enum(['OPEN', 'REPOINTED', 'RETURNING', 'RETURNED']),
    customerId: z.uuid().nullable(),
    payer: z.object({ name: z.string(), account: z.string() }),
    reference: z.string(),
    bookedAt: time,
  })
  .meta({ id: 'SuspenseItem' });
export const presentSuspense = (item: SuspenseItem): z.infer<typeof suspenseSchema> => ({
  id: item.id,
  lineId: item.lineId,
  asset: item.asset,
  amount: formatAmount(item.amount, item.asset),
  reason: item.reason,
  state: item.state,
  customerId: item.customerId,
  payer: { name: item.payerName, account: item.payerAccount },
  reference: item.reference,
  bookedAt: item.bookedAt.toISOString(),
});

export const withdrawalSchema = z
  .object({
    id: z.uuid(),
    source: z.enum(['customer', 'suspense']),
    customerId: z.uuid().nullable(),
    state: z.string(),
    heldFor: z.string().nullable(),
    asset: z.string(),
    amount: z.string(),
    fee: z.string(),
    payee: z.object({ name: z.string(), account: z.string() }),
    failureCode: z.string().nullable(),
    createdAt: time,
  })
  .meta({ id: 'OutgoingPayment' });
export const presentWithdrawal = (of: Withdrawal): z.infer<typeof withdrawalSchema> => ({
  id: of.id,
  source: of.source,
  customerId: of.customerId,
  state: of.state,
  heldFor: of.heldFor,
  asset: of.asset,
  amount: formatAmount(of.amount, of.asset),
  fee: formatAmount(of.fee, of.asset),
  payee: { name: of.payeeName, account: of.payeeAccount },
  failureCode: of.failureCode,
  createdAt: of.createdAt.toISOString(),
});

export const refundSchema = z
  .object({
    id: z.uuid(),
    paymentId: z.uuid(),
    amount: z.string(),
    reason: z.string(),
    origin: z.enum(['platform', 'processor']),
    state: z.enum(['REQUESTED', 'SUBMITTED', 'SUCCEEDED', 'FAILED']),
    createdAt: time,
  })
  .meta({ id: 'Refund' });
export const presentRefund = (refund: Refund, asset: SuspenseItem['asset']): z.infer<typeof refundSchema> => ({
  id: refund.id,
  paymentId: refund.paymentId,
  amount: formatAmount(refund.amount, asset),
  reason: refund.reason,
  origin: refund.origin,
  state: refund.state,
  createdAt: refund.createdAt.toISOString(),
});

export const chargebackSchema = z
  .object({
    id: z.uuid(),
    paymentId: z.uuid(),
    customerId: z.uuid(),
    asset: z.string(),
    amount: z.string(),
    fee: z.string(),
    clawedBack: z.string(),
    indebted: z.string(),
    reason: z.string(),
    state: z.enum(['OPEN', 'WON', 'LOST']),
    createdAt: time,
  })
  .meta({ id: 'Chargeback' });
export const presentChargeback = (of: Chargeback): z.infer<typeof chargebackSchema> => ({
  id: of.id,
  paymentId: of.paymentId,
  customerId: of.customerId,
  asset: of.asset,
  amount: formatAmount(of.amount, of.asset),
  fee: formatAmount(of.fee, of.asset),
  clawedBack: formatAmount(of.clawedBack, of.asset),
  indebted: formatAmount(of.indebted, of.asset),
  reason: of.reason,
  state: of.state,
  createdAt: of.createdAt.toISOString(),
});

export const freezeSchema = z
  .object({
    id: z.uuid(),
    scope: z.enum(['withdrawal', 'customer', 'asset']),
    subject: z.string(),
    reason: z.string(),
    sourceId: z.string().nullable(),
    openedAt: time,
  })
  .meta({ id: 'Freeze' });
export const presentFreeze = (of: Freeze): z.infer<typeof freezeSchema> => ({
  ...of,
  openedAt: of.openedAt.toISOString(),
});

export const eventSchema = z
  .object({
    source: z.enum(['bank', 'card']),
    id: z.string(),
    type: z.string(),
    state: z.string(),
    note: z.string().nullable(),
    attempts: z.int(),
    receivedAt: time,
  })
  .meta({ id: 'OutsideEvent' });
export const presentEvent = (of: StoredEvent): z.infer<typeof eventSchema> => ({
  source: of.source,
  id: of.id,
  type: of.type,
  state: of.state,
  note: of.note,
  attempts: of.attempts,
  receivedAt: of.receivedAt.toISOString(),
});

export const runSchema = z
  .object({
    id: z.uuid(),
    subject: z.enum(['bank', 'card']),
    asset: z.string(),
    outsideBalance: z.string(),
    ledgerBalance: z.string(),
    difference: z.string(),
    matched: z.int(),
    inTransit: z.int(),
    breaks: z.int(),
    startedAt: time,
  })
  .meta({ id: 'PaymentsReconciliation' });
export const presentRun = (run: ReconciliationRun): z.infer<typeof runSchema> => ({
  id: run.id,
  subject: run.subject,
  asset: run.asset,
  outsideBalance: formatAmount(run.outsideBalance, run.asset),
  ledgerBalance: formatAmount(run.ledgerBalance, run.asset),
  difference: formatAmount(run.outsideBalance - run.ledgerBalance, run.asset),
  matched: run.matched,
  inTransit: run.inTransit,
  breaks: run.breaks,
  startedAt: run.startedAt.toISOString(),
});

export const itemSchema = z
  .object({
    outcome: z.enum(['matched_by_amount', 'in_transit', 'break']),
    reason: z.string(),
    outsideId: z.string().nullable(),
    transferId: z.uuid().nullable(),
    outsideAmount: z.string().nullable(),
    ledgerAmount: z.string().nullable(),
    at: time,
  })
  .meta({ id: 'PaymentsReconciliationItem' });
export const presentItem = (item: ReconciliationItem, { asset }: ReconciliationRun): z.infer<typeof itemSchema> => ({
  outcome: item.outcome,
  reason: item.reason,
  outsideId: item.outsideId,
  transferId: item.transferId,
  outsideAmount: item.outsideAmount === null ? null : formatAmount(item.outsideAmount, asset),
  ledgerAmount: item.ledgerAmount === null ? null : formatAmount(item.ledgerAmount, asset),
  at: item.at.toISOString(),
});
