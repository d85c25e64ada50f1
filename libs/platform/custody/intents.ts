import { type Queryable, type Tx } from '@base/database';
import { type Events } from '@base/events';
import { formatAmount } from '@core/money';
import { type IntentEvent, intentAfter, type IntentState } from './intent.js';
import { type WithdrawalFacts } from './journals.js';
import { refusal } from './refusals.js';
import { type ChainAsset } from './settings.js';

export interface Intent {
  readonly id: string;
  readonly kind: 'withdrawal' | 'sweep';
  readonly chainId: string;
  readonly asset: ChainAsset;
  readonly customerId: string | null;
  readonly sourceId: string | null;
  readonly destination: string;
  readonly amount: bigint;
  readonly fee: bigint;
  readonly maxNetworkFee: bigint;
  readonly state: IntentState;
  readonly waitingFor: string | null;
  readonly notBefore: Date;
  readonly expiresAt: Date | null;
  readonly cancelledBy: string | null;
  readonly settledAttempt: number | null;
  readonly networkFee: bigint | null;
  /** Whether the books say that the destination has it; `null` until it is final. */
  readonly paidOut: boolean | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const INTENT = `SELECT i.id, i.kind, i.chain_id AS "chainId", i.asset, i.customer_id AS "customerId", i.source_id AS "sourceId", i.destination,
    i.amount, i.fee, i.max_network_fee AS "maxNetworkFee", i.state, i.waiting_for AS "waitingFor", i.not_before AS "notBefore",
    i.expires_at AS "expiresAt", i.cancelled_by AS "cancelledBy", i.settled_attempt AS "settledAttempt", i.network_fee AS "networkFee", i.paid_out AS "paidOut",
    i.created_at AS "createdAt", i.updated_at AS "updatedAt" FROM custody.intent i`;

export type NewIntent = Pick<
  Intent,
  | 'id'
  | 'kind'
  | 'chainId'
  | 'asset'
  | 'customerId'
  | 'sourceId'
  | 'destination'
  | 'amount'
  | 'fee'
  | 'maxNetworkFee'
  | 'expiresAt'
> & { readonly state: IntentState; readonly idempotencyKey: string | null; readonly at: Date };

export async function insertIntent(tx: Tx, intent: NewIntent): Promise<void> {
  await tx.query(
    `INSERT INTO custody.intent (id, kind, chain_id, asset, customer_id, idempotency_key, source_id, destination, amount, fee,
       max_network_fee, state, not_before, expires_at, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $13, $13)`,
    [
      intent.id,
      intent.kind,
      intent.chainId,
      intent.asset,
      intent.customerId,
      intent.idempotencyKey,
      intent.sourceId,
      intent.destination,
      intent.amount,
      intent.fee,
      intent.maxNetworkFee,
      intent.state,
      intent.at,
      intent.expiresAt,
    ],
  );
  await addHistory(tx, intent.id, { from: null, event: 'request', to: intent.state, at: intent.at });
}

export function findIntent(db: Queryable, id: string): Promise<Intent | undefined> {
  return db.maybeOne<Intent>(`${INTENT} WHERE i.id = $1`, [id]);
}

/** The intent, locked: whoever changes its state holds this. */
export async function lockIntent(tx: Tx, id: string): Promise<Intent> {
  await tx.query('SELECT FROM custody.intent WHERE id = $1 FOR UPDATE', [id]);
  return tx.one<Intent>(`${INTENT} WHERE i.id = $1`, [id]);
}

/** Intents of a chain in one of these states whose time has come, oldest first: first come, first served. */
export function intentsIn(
  db: Queryable,
  chainId: string,
  states: readonly IntentState[],
  options: { now: Date; limit?: number },
): Promise<Intent[]> {
  return db.query<Intent>(
    `${INTENT} WHERE i.chain_id = $1 AND i.state = ANY ($2) AND i.not_before <= $3 ORDER BY i.id LIMIT $4`,
    [chainId, [...states], options.now, options.limit ?? 100],
  );
}

export interface IntentFilter {
  readonly customerId?: string | undefined;
  readonly asset?: ChainAsset | undefined;
  readonly state?: IntentState | undefined;
  readonly kind?: Intent['kind'] | undefined;
  readonly before?: string | undefined;
  readonly limit: number;
}

/** The newest first. */
export function listIntents(db: Queryable, filter: IntentFilter): Promise<Intent[]> {
  return db.query<Intent>(
    `${INTENT} WHERE ($1::uuid IS NULL OR i.customer_id = $1) AND ($2::text IS NULL OR i.asset = $2) AND ($3::text IS NULL OR i.state = $3)
        AND ($4::text IS NULL OR i.kind = $4) AND ($5::uuid IS NULL OR i.id < $5) ORDER BY i.id DESC LIMIT $6`,
    [
      filter.customerId ?? null,
      filter.asset ?? null,
      filter.state ?? null,
      filter.kind ?? null,
      filter.before ?? null,
      filter.limit,
    ],
  );
}

/** What a customer has withdrawn, or is about to, since then; what never left does not count. */
export async function withdrawnSince(
  db: Queryable,
  customerId: string,
  asset: ChainAsset,
  since: Date,
): Promise<bigint> {
  const { sum } = await db.one<{ sum: bigint }>(
    `SELECT coalesce(sum(amount), 0) AS sum FROM custody.intent
      WHERE customer_id = $1 AND asset = $2 AND kind = 'withdrawal' AND created_at > $3
        AND state NOT IN ('rejected', 'expired', 'cancelled', 'replaced', 'failed_onchain')`,
    [customerId, asset, since],
  );
  return sum;
}

export interface Transition {
  readonly event: IntentEvent;
  readonly at: Date;
  /** For people; never text from a node. */
  readonly detail?: Readonly<Record<string, string | number | null>>;
  readonly changes?: {
    readonly settledAttempt?: number;
    readonly networkFee?: bigint;
    readonly paidOut?: boolean;
  };
}

/**
 * Moves a locked intent along its table: new state, history and event in the caller's transaction.
 * @throws Refusal withdrawal_not_possible when the table does not allow the event
 */
export async function moveIntent(tx: Tx, events: Events, intent: Intent, transition: Transition): Promise<Intent> {
  const { event, at, detail, changes } = transition;
  const state = intentAfter(intent.state, event);
  if (state === undefined) throw refusal('withdrawal_not_possible', { detail: `It is ${intent.state}.` });
  await tx.query(
    `UPDATE custody.intent SET state = $2, updated_at = $3, not_before = $3, waiting_for = NULL,
       settled_attempt = coalesce($4, settled_attempt), network_fee = coalesce($5, network_fee),
       paid_out = coalesce($6, paid_out) WHERE id = $1`,
    [intent.id, state, at, changes?.settledAttempt ?? null, changes?.networkFee ?? null, changes?.paidOut ?? null],
  );
  await addHistory(tx, intent.id, { from: intent.state, event, to: state, at, detail });
  const moved = { ...intent, state, updatedAt: at, networkFee: changes?.networkFee ?? intent.networkFee };
  if (state !== intent.state) {
    await events.append(tx, {
      type: `custody.${intent.kind}-${state.replaceAll('_', '-')}`,
      aggregate: intent.kind,
      aggregateId: intent.id,
      payload: intentPayload(moved),
    });
  }
  return moved;
}

/**
 * Another transaction of a final intent counts now, or the same one at another price. Its state stays, history says so.
 * Answers the number of the step.
 */
export async function recountIntent(
  tx: Tx,
  { id, state }: Intent,
  to: { settledAttempt: number; networkFee: bigint; paidOut: boolean; at: Date },
): Promise<number> {
  const { settledAttempt, networkFee, paidOut, at } = to;
  await tx.query(
    'UPDATE custody.intent SET settled_attempt = $2, network_fee = $3, paid_out = $4, updated_at = $5 WHERE id = $1',
    [id, settledAttempt, networkFee, paidOut, at],
  );
  const detail = { attempt: settledAttempt, networkFee: networkFee.toString(), paidOut: paidOut ? 1 : 0 };
  return addHistory(tx, id, { from: state, event: 'change_outcome', to: state, at, detail });
}

/** Puts an intent off: nothing is wrong, nothing changes, it is tried again later. */
export async function postponeIntent(tx: Tx, id: string, given: { until: Date; waitingFor: string }): Promise<void> {
  await tx.query('UPDATE custody.intent SET not_before = $2, waiting_for = $3 WHERE id = $1', [
    id,
    given.until,
    given.waitingFor,
  ]);
}

export async function markCancelledBy(tx: Tx, id: string, operatorId: string): Promise<void> {
  await tx.query('UPDATE custody.intent SET cancelled_by = $2 WHERE id = $1', [id, operatorId]);
}

export interface HistoryStep {
  readonly from: IntentState | null;
  readonly event: string;
  readonly to: IntentState;
  readonly at: Date;
  readonly detail?: unknown;
}

export function historyOf(db: Queryable, id: string): Promise<HistoryStep[]> {
  return db.query<HistoryStep>(
    `SELECT from_state AS "from", event, to_state AS "to", at, detail FROM custody.intent_history WHERE intent_id = $1 ORDER BY step`,
    [id],
  );
}

async function addHistory(tx: Tx, id: string, step: HistoryStep): Promise<number> {
  const added = await tx.one<{ step: number }>(
    `INSERT INTO custody.intent_history (intent_id, step, from_state, event, to_state, detail, at)
     SELECT $1, coalesce(max(step), 0) + 1, $2, $3, $4, $5, $6 FROM custody.intent_history WHERE intent_id = $1 RETURNING step`,
    [id, step.from, step.event, step.to, step.detail === undefined ? null : JSON.stringify(step.detail), step.at],
  );
  return added.step;
}

function intentPayload(intent: Intent): object {
  const { id, asset, amount, fee, networkFee, destination, customerId, state, chainId } = intent;
  return {
    intentId: id,
    state,
    asset,
    chainId,
    customerId,
    destination,
    amount: formatAmount(amount, asset),
    fee: formatAmount(fee, asset),
    networkFee: networkFee === null ? null : formatAmount(networkFee, asset),
  };
}

/** A withdrawal as the books need it. */
export function withdrawalFacts(intent: Intent): WithdrawalFacts {
  if (intent.customerId === null) throw new Error('a sweep has no customer');
  const { id, asset, customerId, amount, fee } = intent;
  return { id, asset, customerId, amount, fee };
}
