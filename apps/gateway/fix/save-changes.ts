import { type Queryable } from '@base/database';
import { type SessionChange } from './held-session.js';

const SAVE = `
  WITH given AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::int[], $4::text[], $5::int[], $6::int[], $7::bigint[], $8::int[], $9::bigint[])
      AS g(comp_id, fence, next_in, answered, next_out, sent_through, sequence, event_index, event_time)
  ), held AS (
    UPDATE fix.session s
       SET next_in = g.next_in, answered = g.answered::int[], next_out = g.next_out, sent_through = g.sent_through,
           sequence = g.sequence, event_index = g.event_index, event_time = g.event_time
      FROM given g WHERE s.comp_id = g.comp_id AND s.fence = g.fence
    RETURNING s.comp_id
  ), stored AS (
    INSERT INTO fix.outbound (comp_id, seq, msg_type, body, possible_resend, made_at)
    SELECT m.* FROM unnest($10::text[], $11::int[], $12::text[], $13::text[], $14::boolean[], $15::bigint[])
             AS m(comp_id, seq, msg_type, body, possible_resend, made_at)
      JOIN held USING (comp_id)
    ON CONFLICT DO NOTHING
  ), named AS (
    INSERT INTO fix.open_order (comp_id, order_id, id)
    SELECT n.* FROM unnest($16::text[], $17::bigint[], $18::text[]) AS n(comp_id, order_id, id) JOIN held USING (comp_id)
    ON CONFLICT (comp_id, order_id) DO UPDATE SET id = EXCLUDED.id
  ), ended AS (
    DELETE FROM fix.open_order o USING unnest($19::text[], $20::bigint[]) AS e(comp_id, order_id)
     WHERE o.comp_id = e.comp_id AND o.order_id = e.order_id AND e.comp_id IN (SELECT comp_id FROM held)
  )
  SELECT comp_id AS "compId" FROM held`;

/** Writes what has changed in many sessions, each wholly or not at all. @returns the CompIDs that this process still speaks for */
export async function saveChanges(db: Queryable, changes: readonly SessionChange[]): Promise<Set<string>> {
  const of = <T>(take: (change: SessionChange) => T): T[] => changes.map(take);
  const messages = changes.flatMap(({ compId, messages: all }) => all.map((message) => ({ compId, ...message })));
  const named = changes.flatMap(({ compId, named: all }) => [...all].map(([orderId, id]) => ({ compId, orderId, id })));
  const ended = changes.flatMap(({ compId, ended: all }) => [...all].map((orderId) => ({ compId, orderId })));
  const rows = await db.query<{ compId: string }>(SAVE, [
    of(({ compId }) => compId),
    of(({ fence }) => fence),
    of(({ nextIn }) => nextIn),
    of(({ answered }) => `{${answered.join(',')}}`),
    of(({ nextOut }) => nextOut),
    of(({ sentThrough }) => sentThrough),
    of(({ position }) => position.sequence),
    of(({ position }) => position.index),
    of(({ positionTime }) => positionTime),
    messages.map(({ compId }) => compId),
    messages.map(({ seq }) => seq),
    messages.map(({ msgType }) => msgType),
    messages.map(({ body }) => body),
    messages.map(({ isPossResend }) => isPossResend === true),
    messages.map(({ madeAt }) => madeAt),
    named.map(({ compId }) => compId),
    named.map(({ orderId }) => orderId),
    named.map(({ id }) => id),
    ended.map(({ compId }) => compId),
    ended.map(({ orderId }) => orderId),
  ]);
  return new Set(rows.map(({ compId }) => compId));
}
