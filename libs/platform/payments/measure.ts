import { type Database } from '@base/database';
import { gauge } from '@base/observability';

const standing = gauge({
  name: 'strongroom_payments_standing',
  help: 'What waits for somebody: unfinished for too long, failed, unidentified, frozen',
  labels: ['what'],
});

/** Counts what stands too long or waits for a person; alerts are rules over these figures (`infra/`). */
export async function measure(database: Database, quietSince: Date): Promise<void> {
  const rows = await database.query<{ what: string; count: bigint }>(
    `SELECT 'card_payments' AS what, count(*) FROM payments.card_payment
       WHERE state IN ('CREATED', 'AWAITING_CUSTOMER', 'AUTHORISED') AND expires_at <= $1
     UNION ALL SELECT 'refunds', count(*) FROM payments.refund WHERE state IN ('REQUESTED', 'SUBMITTED') AND updated_at <= $1
     UNION ALL SELECT 'withdrawals', count(*) FROM payments.withdrawal WHERE state IN ('REQUESTED', 'SUBMITTING') AND created_at <= $1
     UNION ALL SELECT 'withdrawals_held', count(*) FROM payments.withdrawal WHERE state = 'HELD'
     UNION ALL SELECT 'events_failed', count(*) FROM payments.outside_event WHERE state = 'FAILED'
     UNION ALL SELECT 'events_waiting', count(*) FROM payments.outside_event WHERE state = 'WAITING' AND received_at <= $1
     UNION ALL SELECT 'suspense', count(*) FROM payments.suspense_item WHERE state = 'OPEN'
     UNION ALL SELECT 'freezes', count(*) FROM payments.freeze WHERE lifted_at IS NULL`,
    [quietSince],
  );
  for (const { what, count } of rows) standing.set({ what }, Number(count));
}
