import { type Clock } from '@base/clock';
import { type Queryable, type Tx } from '@base/database';
import { type Events } from '@base/events';

export interface Step {
  readonly aggregate: 'card-payment' | 'refund' | 'chargeback' | 'withdrawal' | 'beneficiary' | 'suspense';
  readonly id: string;
  readonly event: string;
  readonly from: string | null;
  readonly to: string;
  readonly note?: string | undefined;
}

export interface HistoryRow extends Omit<Step, 'note'> {
  readonly note: string | null;
  readonly at: Date;
}

/** Keeps what happened to each payment for good, and tells others of it, in the transaction in which it happens. */
export class Chronicle {
  constructor(
    private readonly events: Events,
    private readonly clock: Clock,
  ) {}

  now(): Date {
    return this.clock.now();
  }

  async moved(tx: Tx, { aggregate, id, event, from, to, note }: Step): Promise<void> {
    await tx.query(
      'INSERT INTO payments.history (aggregate, id, event, from_state, to_state, note, at) VALUES ($1, $2, $3, $4, $5, $6, $7)',
      [aggregate, id, event, from, to, note ?? null, this.clock.now()],
    );
  }

  /** `type` is the event's name below `payments.`; amounts in the payload are decimal strings. */
  tell(tx: Tx, type: string, about: { aggregate: string; id: string }, payload: object): Promise<void> {
    return this.events.append(tx, {
      type: `payments.${type}`,
      aggregate: about.aggregate,
      aggregateId: about.id,
      payload,
    });
  }
}

/** What happened to one payment, oldest first. */
export function readHistory(on: Queryable, aggregate: Step['aggregate'], id: string): Promise<HistoryRow[]> {
  return on.query<HistoryRow>(
    `SELECT aggregate, id, event, from_state AS "from", to_state AS "to", note, at
       FROM payments.history WHERE aggregate = $1 AND id = $2 ORDER BY seq LIMIT 200`,
    [aggregate, id],
  );
}
