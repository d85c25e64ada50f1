import { z } from 'zod';
import { type EngineEvent, type RejectReason } from '@core/contracts';
import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { type Refusal, refuse } from '@base/http';
import { type ApprovalKind, type ExecuteOutside } from '@platform/approvals';
import { type Audit } from '@platform/audit';
import { answerOperation, claimOperation, findAnswered, isOperationAt, lastEngagement, lockOperation, type NewOperation, noteOperationSent, noteOperationUnsent, type Operation } from './operations.js'; // prettier-ignore
import { type OperatorCommand, type OperatorLink, VenueSilent } from './operator-link.js';

export interface Order extends NewOperation {
  readonly command: OperatorCommand;
}

/** Longer than any answer is waited for. */
const CLAIM_MS = 45_000;
/** What a closed connection left with the venue is in its journal by then. */
const SETTLE_MS = 2_000;

/**
 * Operators' commands to the engine. Each is stored under its operator's key before it is sent, and answered with what the engine said. When an answer is
 * lost, the next call under the key looks through the venue's journal for it, and sends the command again only if it is not there.
 */
export class OperateVenue {
  constructor(
    private readonly database: Database,
    /** Undefined where no exchange is configured. */
    private readonly link: OperatorLink | undefined,
    private readonly audit: Audit,
    private readonly clock: Clock,
  ) {}

  /** @throws Refusal: the engine's reason as a 4xx; 503 when the venue did not answer, and the same key asks again */
  async run(order: Order): Promise<{ operation: Operation; isReplayed: boolean }> {
    const { operation, isAnswered } = await this.#claim(order);
    if (operation.state === 'refused') throw engineRefusal(operation.refusal);
    if (isAnswered) return { operation, isReplayed: true };
    const event = await this.#answerOf(operation, order.command);
    const answered = await this.#record(operation, event);
    if (answered.state === 'refused') throw engineRefusal(answered.refusal);
    return { operation: answered, isReplayed: false };
  }

  async #claim(order: Order): Promise<{ operation: Operation; isAnswered: boolean }> {
    if (this.link === undefined) throw unanswered('unavailable');
    const at = this.clock.now();
    const claimedUntil = new Date(at.getTime() + CLAIM_MS);
    return this.database.transaction(async (tx) => {
      const { operation, isNew, isSame } = await lockOperation(tx, order, { at, claimedUntil });
      if (!isSame) throw KEY_REUSED;
      if (operation.answeredAt !== null) return { operation, isAnswered: true };
      if (!isNew && operation.claimedUntil > at) throw IN_PROGRESS;
      if (!isNew) await claimOperation(tx, operation.id, claimedUntil);
      return { operation, isAnswered: false };
    });
  }

  async #answerOf({ id, state, sentAfter }: Operation, command: OperatorCommand): Promise<EngineEvent> {
    const { link, database } = this;
    if (link === undefined) throw unanswered('unavailable');
    try {
      if (state === 'sent' && sentAfter !== null) {
        const isTaken = (sequence: bigint): Promise<boolean> => isOperationAt(database, sequence);
        const found = await link.search(command, { after: Number(sentAfter), isTaken });
        if (found !== undefined) return found;
      }
      return await link.ask(command, (after) => noteOperationSent(database, id, after));
    } catch (error) {
      if (!(error instanceof VenueSilent)) throw error;
      const { reason } = error;
      const isUnknown = reason === 'unknown' || reason === 'too_long_ago';
      // A refused command has changed nothing; before it was sent there is nothing to look for either.
      if (!isUnknown && (reason !== 'unavailable' || state === 'asked')) await noteOperationUnsent(database, id);
      await claimOperation(database, id, new Date(this.clock.now().getTime() + (isUnknown ? SETTLE_MS : 0)));
      throw unanswered(reason);
    }
  }

  #record({ id, operatorId, action, subject, request, reason }: Operation, event: EngineEvent): Promise<Operation> {
    return this.database.transaction(async (tx) => {
      const answered = await answerOperation(tx, id, event, this.clock.now());
      await this.audit.append(tx, {
        actor: { kind: 'operator', id: operatorId },
        action: `venue.${action}`,
        subject,
        after: { request, answer: answered.answer, refusal: answered.refusal },
        reason,
      });
      return answered;
    });
  }
}

/**
 * Opening the venue again after the kill switch takes four eyes; engaging it takes none but one's own. What is asked for and allowed is the end of
 * one engagement: if the venue has been stopped again since, for another reason, nobody has allowed that to end.
 */
export const RELEASE_KILL_SWITCH = {
  kind: 'venue.release-kill-switch',
  schema: z.object({ engagement: z.uuid().nullable() }),
  roles: ['compliance', 'treasury'],
  expiresAfterMs: 3_600_000,
} as const satisfies ApprovalKind;

export const executeRelease =
  (database: Database, venue: OperateVenue): ExecuteOutside<z.infer<typeof RELEASE_KILL_SWITCH.schema>> =>
  async ({ id, payload, reason, decidedBy }) => {
    if (decidedBy === null) throw new Error('nobody has approved this');
    const key = `approval:${id}`;
    // Whoever repeats it, since the one before died with the answer in hand, must not call undone what was done.
    const isDone = (await findAnswered(database, decidedBy, key)) !== undefined;
    if (!isDone && (await lastEngagement(database)) !== payload.engagement) throw STOPPED_AGAIN;
    const { operation } = await venue.run({
      operatorId: decidedBy,
      key,
      action: 'release-kill-switch',
      subject: { kind: 'venue', id: 'exchange' },
      request: { approvalId: id },
      reason,
      command: { kind: 'kill-switch', position: 'released' },
    });
    return operation.answer ?? {};
  };

const STOPPED_AGAIN = refuse('venue_stopped_again', {
  status: 409,
  title: 'The exchange has been stopped again since this was asked for',
  detail: 'Ask for the release of that, if it may be released.',
});
const KEY_REUSED = refuse('idempotency_key_reused', {
  status: 422,
  title: 'This idempotency key was used for another request',
  detail: 'Send a new key with a new request; send the same request to get the first answer again.',
});
const IN_PROGRESS = refuse('operation_in_progress', {
  status: 503,
  title: 'This command is on its way',
  detail: 'Ask again under the same key.',
  retryAfterSeconds: 2,
});

const SILENCE: Readonly<Record<VenueSilent['reason'], string>> = {
  none: 'The exchange gave no answer',
  unavailable: 'The exchange cannot be reached',
  unknown: 'The exchange took the command, perhaps, and did not answer',
  too_long_ago: 'Whether this command was carried out cannot be found out any more',
  disk_full: 'The exchange’s disk is full: it takes cancels alone',
  unknown_session: 'The exchange gave no answer',
  no_standby: 'The exchange waits for its standby',
  not_primary: 'The exchange is changing places with its standby',
};

const unanswered = (reason: VenueSilent['reason']): Refusal =>
  refuse(reason === 'unknown' || reason === 'too_long_ago' ? 'venue_answer_unknown' : 'venue_unavailable', {
    status: 503,
    title: SILENCE[reason],
    detail:
      reason === 'too_long_ago'
        ? 'Look at the instrument or account, and send a new key if it is still needed.'
        : 'Ask again under the same key: what was carried out is found and not repeated.',
    retryAfterSeconds: 3,
  });

/** What the engine's reasons are to an operator; the code is the engine's own. */
const REASONS: Readonly<Partial<Record<RejectReason, { status: 404 | 409 | 422; title: string }>>> = {
  unknown_account: { status: 404, title: 'The engine has no such account' },
  unknown_instrument: { status: 404, title: 'The engine has not listed this instrument' },
  instrument_exists: { status: 409, title: 'The engine has listed this instrument already' },
  instrument_could_overflow: { status: 422, title: 'With these limits amounts could overflow' },
  invalid_instrument: { status: 422, title: 'The engine does not take these terms' },
  invalid_fees: { status: 422, title: 'These fees are out of range, or the tier does not exist' },
  invalid_bands: { status: 422, title: 'These bands are out of range' },
  invalid_state_change: { status: 409, title: 'The instrument cannot go from its state to this one' },
  invalid_price: { status: 422, title: 'This price is out of range' },
  not_margined: { status: 422, title: 'Only contracts have a mark price' },
  kill_switch_engaged: { status: 409, title: 'The kill switch is engaged' },
  malformed: { status: 422, title: 'The engine does not take these terms' },
};

function engineRefusal(reason: string | null): Refusal {
  const known = REASONS[reason as RejectReason] ?? { status: 409, title: 'The engine refused it' };
  return refuse(reason ?? 'malformed', { ...known, detail: `The engine said ${reason}. Nothing has changed.` });
}
