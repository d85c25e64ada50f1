import { type Tx } from '@base/database';
import { type SignRequest, type Ticket } from '@core/contracts';
import { readEthereumTransfer, readPsbt, readSignedTransfer, buildEthereumTransfer, verifySigned } from '@core/wallet';
import {
  type SignedTransaction,
  SignerRefused,
  SignerUnavailable,
  type TicketAuthority,
  type TransactionSigner,
} from '@platform/keys';
import { type Attempt, attemptsOf, countQuestion, countRefusal, forgetAttempt, maySigned, seenLogLength, storeSignature } from './attempts.js'; // prettier-ignore
import { inGap } from './gaps.js';
import { intentAfter } from './intent.js';
import { type Intent, lockIntent, moveIntent, postponeIntent } from './intents.js';
import { type CustodyParts } from './parts.js';
import { type Rail } from './rail.js';
import { type CustodySettings } from './settings.js';

/** The version of the approval policy that tickets are issued under; the signer knows which keys it takes. */
const POLICY_VERSION = 1;

const RETRY_MS = 2_000;
const REFUSED_RETRY_MS = 30_000;

/**
 * Gets an attempt signed. The question is counted before it is asked: once the signer may have signed, nothing that the transaction holds
 * on to is given away. The answer is stored before anybody else sees it.
 */
export class SignAttempt {
  constructor(
    private readonly parts: CustodyParts,
    private readonly rail: Rail,
    private readonly signer: TransactionSigner,
    private readonly authority: TicketAuthority,
    private readonly settings: Pick<CustodySettings, 'ticketLifetimeMs'>,
  ) {}

  async run(attempt: Attempt): Promise<'signed' | 'refused' | 'unavailable' | 'gone'> {
    const { database, logger } = this.parts;
    const asked = await database.transaction((tx) => this.#ask(tx, attempt));
    if (asked === undefined) return 'gone';
    inGap('asked');
    try {
      const signed = await this.signer.sign(asked.request);
      inGap('answered');
      if (!isWhatWeAsked(attempt, signed)) throw new SignerUnavailable('the signer answered with another transaction');
      await database.transaction((tx) => this.#store(tx, attempt, signed));
      inGap('signed');
      return 'signed';
    } catch (error) {
      if (error instanceof SignerRefused) {
        logger.error({ intentId: attempt.intentId, attempt: attempt.n, refusal: error.refusal }, 'the signer refused');
        await database.transaction((tx) => this.#refused(tx, attempt, error.refusal));
        return 'refused';
      }
      if (!(error instanceof SignerUnavailable)) throw error;
      logger.warn({ intentId: attempt.intentId, attempt: attempt.n, why: error.message }, 'no answer from the signer');
      await database.transaction((tx) => this.#putOff(tx, attempt, 'signer_unavailable', RETRY_MS));
      return 'unavailable';
    }
  }

  async #ask(tx: Tx, { intentId, n }: Attempt): Promise<{ request: Omit<SignRequest, 'type' | 'id'> } | undefined> {
    const intent = await lockIntent(tx, intentId);
    const attempt = (await attemptsOf(tx, intentId)).at(-1);
    if (attempt === undefined || attempt.n !== n || attempt.raw !== null) return undefined;
    if (intentAfter(intent.state, 'sign') === undefined) return undefined;
    await countQuestion(tx, attempt);
    const ticket = this.#ticket(intent, attempt);
    return {
      request: {
        ticket,
        approvals: [this.authority.approve(ticket)],
        attempt: n,
        logAtLeast: await seenLogLength(tx),
        transaction:
          attempt.from === null
            ? { kind: 'bitcoin', psbt: attempt.unsigned }
            : {
                kind: 'ethereum',
                unsigned: attempt.unsigned,
                from: { branch: attempt.from.branch, index: attempt.from.index },
              },
      },
    };
  }

  #ticket(intent: Intent, attempt: Attempt): Ticket {
    return {
      intentId: intent.id,
      purpose: attempt.purpose === 'cancel' ? 'cancel' : intent.kind,
      chainId: intent.chainId,
      asset: intent.asset,
      destination: attempt.destination,
      amount: attempt.amount.toString(),
      maxFee: intent.maxNetworkFee.toString(),
      expiresAt: this.parts.clock.now().getTime() + this.settings.ticketLifetimeMs,
      policyVersion: POLICY_VERSION,
    };
  }

  async #store(tx: Tx, { intentId, n }: Attempt, signed: SignedTransaction): Promise<void> {
    const intent = await lockIntent(tx, intentId);
    const attempt = (await attemptsOf(tx, intentId)).find((candidate) => candidate.n === n);
    if (attempt === undefined) throw new Error(`attempt ${n} of intent ${intentId} is gone although it was signed`);
    if (attempt.raw !== null) return;
    await storeSignature(tx, attempt, signed);
    if (intentAfter(intent.state, 'sign') === undefined) return;
    const detail = { txid: signed.txid, attempt: n };
    await moveIntent(tx, this.parts.events, intent, { event: 'sign', at: this.parts.clock.now(), detail });
  }

  /** The signer said no. If it never left a question open, nothing was signed, and what the attempt held is free again. */
  async #refused(tx: Tx, { intentId, n }: Attempt, reason: string): Promise<void> {
    const { events, clock } = this.parts;
    const intent = await lockIntent(tx, intentId);
    const before = (await attemptsOf(tx, intentId)).find((candidate) => candidate.n === n);
    if (before === undefined || before.raw !== null) return;
    await countRefusal(tx, before);
    const attempt = { ...before, refused: before.refused + 1 };
    if (!maySigned(attempt)) {
      await forgetAttempt(tx, attempt);
      if (n === 1) {
        await this.rail.release(tx, intent, clock.now());
        await moveIntent(tx, events, intent, { event: 'release', at: clock.now(), detail: { refusal: reason } });
      }
    }
    await this.#putOff(tx, attempt, `signer_refused: ${reason}`, REFUSED_RETRY_MS);
  }

  async #putOff(tx: Tx, { intentId }: Attempt, waitingFor: string, ms: number): Promise<void> {
    await postponeIntent(tx, intentId, { until: new Date(this.parts.clock.now().getTime() + ms), waitingFor });
  }
}

/** Reads the signed transaction again: it must be the one that was asked for, byte for byte but for its signatures. */
function isWhatWeAsked({ unsigned, from }: Attempt, { raw, txid }: SignedTransaction): boolean {
  try {
    if (from === null) {
      const asked = readPsbt(unsigned);
      verifySigned(raw, asked);
      return asked.txid === txid;
    }
    const { transfer, hash } = readSignedTransfer(raw);
    return hash === txid && buildEthereumTransfer(transfer) === buildEthereumTransfer(readEthereumTransfer(unsigned));
  } catch {
    return false;
  }
}
