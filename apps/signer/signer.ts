import { type SignerResponse, signerRequestSchema, type SignRequest } from '@core/contracts';
import { WalletRefusal } from '@core/wallet';
import { type TicketVerifier } from '@platform/keys';
import { type FreezeFlag } from './freeze-flag.js';
import { type HotKeyring } from './hot-keyring.js';
import { checkWindows, type Limits } from './limits.js';
import { prepareBitcoin } from './prepare-bitcoin.js';
import { prepareEthereum } from './prepare-ethereum.js';
import { type Prepared } from './prepared.js';
import { demand, SignerRefusal } from './signer-refusal.js';
import { type LogEntry, type SigningLog } from './signing-log.js';

export interface SignerParts {
  readonly keyring: HotKeyring;
  readonly log: SigningLog;
  readonly tickets: TicketVerifier;
  readonly limits: Limits;
  readonly freeze: FreezeFlag;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The log could not take an entry: what reached the disk is unknown, so the process must end and read it again. */
export class SignerBroken extends Error {
  override readonly name = 'SignerBroken';
}

/**
 * Decides about one request at a time. Trusts nobody: it decodes the transaction itself, derives keys and addresses again, checks the
 * approvals, its own limits and its own log, and gives a signature once per intent and attempt. The same request gets the stored
 * signature; another transaction for an intent must conflict on chain with every earlier one.
 */
export class Signer {
  #turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: SignerParts) {}

  /** Answers any value that came in a frame. @throws SignerBroken only */
  handle(message: unknown): Promise<SignerResponse> {
    const answer = this.#turn.then(() => this.#answer(message));
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async #answer(message: unknown): Promise<SignerResponse> {
    const parsed = signerRequestSchema.safeParse(message);
    if (!parsed.success) {
      return {
        type: 'refused',
        id: null,
        refusal: 'malformed_request',
        detail: 'not a request of the signer protocol',
      };
    }
    const request = parsed.data;
    try {
      switch (request.type) {
        case 'describe':
          return await this.#describe(request.id);
        case 'freeze':
          await this.parts.freeze.set(request.reason, new Date(this.parts.now()));
          return { type: 'frozen', id: request.id };
        case 'sign':
          return await this.#sign(request);
      }
    } catch (error) {
      if (error instanceof SignerRefusal) return refused(request.id, error.refusal, error.message);
      if (error instanceof WalletRefusal)
        return refused(request.id, 'transaction_refused', `${error.code}: ${error.message}`);
      throw error;
    }
  }

  async #describe(id: string): Promise<SignerResponse> {
    const { keyring, freeze, log } = this.parts;
    return { type: 'described', id, accounts: keyring.accounts(), frozen: await freeze.isSet(), logLength: log.length };
  }

  async #sign(request: SignRequest): Promise<SignerResponse> {
    const { log, freeze } = this.parts;
    demand(!(await freeze.isSet()), 'frozen', 'signing is stopped');
    demand(
      request.logAtLeast <= log.length,
      'log_is_behind',
      'this signer has forgotten signatures: restored from an old copy?',
    );
    const { ticket } = request;
    const limits = this.parts.limits[ticket.asset];
    demand(limits !== undefined, 'wrong_asset', 'no limits are set for this asset');
    const prepared =
      request.transaction.kind === 'bitcoin'
        ? prepareBitcoin(request.transaction.psbt, ticket, this.parts.keyring, limits)
        : prepareEthereum(request.transaction, ticket, this.parts.keyring, limits);
    const earlier = log.ofIntent(ticket.intentId);
    const known = earlier.find(({ attempt }) => attempt === request.attempt);
    if (known !== undefined) {
      demand(known.digest === prepared.digest, 'attempt_changed', 'this attempt was signed with another transaction');
      return signed(request.id, known, log);
    }
    const now = log.time(this.parts.now());
    const approval = this.parts.tickets.check(ticket, request.approvals);
    demand(
      approval === 'approved',
      approval === 'approved' ? 'ticket_not_approved' : approval,
      'the ticket is not approved',
    );
    demand(now < ticket.expiresAt, 'ticket_expired', 'the ticket has expired');
    checkHistory(request, prepared, earlier, log);
    if (earlier.length === 0) checkWindows(ticket, limits, log, now);
    return signed(request.id, await this.#record(request, prepared, now), log);
  }

  async #record({ ticket, attempt }: SignRequest, prepared: Prepared, at: number): Promise<LogEntry> {
    const { raw, txid } = prepared.sign();
    const { intentId, purpose, chainId, asset, destination, amount } = ticket;
    const entry: LogEntry = {
      at,
      intentId,
      attempt,
      purpose,
      chainId,
      asset,
      destination,
      amount: BigInt(amount),
      fee: prepared.fee,
      digest: prepared.digest,
      claims: [...prepared.claims],
      raw,
      txid,
    };
    try {
      await this.parts.log.append(entry);
    } catch (error) {
      throw new SignerBroken('the signing log could not be written', { cause: error });
    }
    return entry;
  }
}

/** The rules that make a second payment impossible, whatever the caller forgets. */
function checkHistory(
  { ticket, attempt }: SignRequest,
  prepared: Prepared,
  earlier: readonly LogEntry[],
  log: SigningLog,
): void {
  demand(
    attempt === earlier.length + 1,
    'attempt_out_of_order',
    `the next attempt of this intent is ${earlier.length + 1}`,
  );
  for (const before of earlier) {
    demand(
      before.claims.some((claim) => prepared.claims.includes(claim)),
      'attempt_does_not_conflict',
      `attempt ${before.attempt} could be mined as well as this one`,
    );
    const same = before.chainId === ticket.chainId && before.asset === ticket.asset;
    // What a sweep leaves for its fee may change: it goes from us to us.
    const sameAmount = before.amount === BigInt(ticket.amount) || ticket.purpose === 'sweep';
    const unchanged = before.destination === ticket.destination && sameAmount;
    const cancels = ticket.purpose === 'cancel' && before.purpose !== 'cancel';
    demand(
      same && (cancels || (unchanged && before.purpose === ticket.purpose)),
      'intent_changed',
      'the intent was signed for something else',
    );
  }
  for (const claim of prepared.claims) {
    const owner = log.ownerOf(claim);
    const refusal = ticket.chainId.startsWith('eip155:') ? 'nonce_of_another_intent' : 'coin_of_another_intent';
    demand(owner === undefined || owner === ticket.intentId, refusal, `${claim} was signed away for another intent`);
  }
}

function signed(id: string, { raw, txid }: LogEntry, log: SigningLog): SignerResponse {
  return { type: 'signed', id, raw, txid, logLength: log.length };
}

function refused(id: string, refusal: SignerRefusal['refusal'], detail: string): SignerResponse {
  return { type: 'refused', id, refusal, detail: detail.slice(0, 500) };
}
