import { ANY, clientOrderIdOf, encodeText, type EngineCommandDraft, isCanonical, isClientOrderText } from '@core/contracts'; // prettier-ignore
import { type CommandEffects, type ExecutionReport, type ViewedOrder } from '@core/venue-view';
import { type ExchangeLink } from '@platform/venue-link';
import { type InFlight } from './in-flight.js';
import { type ChangeOutcome, type MassCancelOutcome, type NoAnswer, type OrderDesk, type PlaceOutcome, type PlaceRequest, type ReplaceRequest } from './order-desk.js'; // prettier-ignore
import { DEFAULT_SELF_TRADE, instructionsOf } from './refused-terms.js';

/** Bytes that the venue has not read; more is as bad as too many commands without an answer. */
const MOST_PENDING_BYTES = 4 * 1024 * 1024;
const MOST_SESSIONS = 60_000;
const UNREACHABLE = { kind: 'refused', reason: 'venue_unavailable' } as const;
const OVERLOADED = { kind: 'refused', reason: 'overloaded' } as const;

/** What the desk needs of whoever keeps the connection. */
export interface VenueConnection {
  /** The link, while commands may be sent on it. */
  entryLink(): ExchangeLink | undefined;
  /** The order as it is after the command whose effects are being told. */
  order(orderId: bigint): ViewedOrder | undefined;
}

/** No session can be opened now: the venue cannot be reached, or has no room for another. */
export class NoSession extends Error {
  override readonly name = 'NoSession';
}

/** Order entry over one connection to the venue: each request is one command, answered by the effects of that command. */
export class VenueDesk implements OrderDesk {
  readonly #connection: VenueConnection;
  readonly #inFlight: InFlight;
  readonly #mostInFlight: number;
  readonly #sessions = new Set<number>();
  readonly #opening = new Set<(error: NoSession) => void>();
  /** In this turn, and not sent yet. */
  #asked: (() => void)[] = [];

  constructor(connection: VenueConnection, inFlight: InFlight, mostInFlight: number) {
    this.#connection = connection;
    this.#inFlight = inFlight;
    this.#mostInFlight = mostInFlight;
  }

  place(request: PlaceRequest): Promise<PlaceOutcome> {
    return this.#ask<PlaceOutcome>(
      (link) => sendPlace(link, request),
      (effects) => this.#placed(request, effects),
      request,
    );
  }

  cancel({ account, by }: Parameters<OrderDesk['cancel']>[0]): Promise<ChangeOutcome> {
    if ('clientText' in by && !isClientOrderText(by.clientText))
      return Promise.resolve({ kind: 'rejected', reason: 'unknown_order' });
    const command: EngineCommandDraft =
      'orderId' in by
        ? { kind: 'cancel', account, orderId: by.orderId }
        : { kind: 'cancel-by-client-id', account, clientOrderId: clientOrderIdOf(by.clientText) };
    return this.#ask<ChangeOutcome>(
      (link) => link.send(command),
      (effects) => this.#changed(account, effects, (report) => report.cancelReason === 'requested'),
    );
  }

  replace(request: ReplaceRequest): Promise<ChangeOutcome> {
    const { account, orderId, quantity, quantityMeans, price, triggerPrice } = request;
    const command: EngineCommandDraft = {
      ...{ kind: 'replace', account, orderId, quantity, quantityMeans, price, postOnly: 'kept' },
      ...(triggerPrice === undefined ? {} : { triggerPrice }),
    };
    return this.#ask<ChangeOutcome>(
      (link) => link.send(command),
      (effects) => this.#changed(account, effects, (report) => report.kind === 'replaced'),
    );
  }

  cancelAll({ account, instrument = ANY }: Parameters<OrderDesk['cancelAll']>[0]): Promise<MassCancelOutcome> {
    return this.#ask<MassCancelOutcome>(
      (link) => link.send({ kind: 'cancel-all', account, instrument, session: 0 }),
      ({ reports }) => {
        const cancelled = reports.filter((it) => it.account === account && it.cancelReason === 'mass_cancel');
        return { kind: 'done', orders: cancelled.map(({ order }) => order) };
      },
    );
  }

  /** @throws NoSession (as a rejection) while the venue cannot be reached */
  async openSession(): Promise<number> {
    const link = this.#connection.entryLink();
    if (link === undefined) throw new NoSession('the exchange cannot be reached');
    if (this.#sessions.size + this.#opening.size >= MOST_SESSIONS) throw new NoSession('too many sessions');
    let giveUp: (error: NoSession) => void = () => undefined;
    const lost = new Promise<never>((_, reject) => (giveUp = reject));
    this.#opening.add(giveUp);
    try {
      const session = await Promise.race([link.openSession(), lost]);
      this.#sessions.add(session);
      return session;
    } finally {
      this.#opening.delete(giveUp);
    }
  }

  closeSession(session: number): void {
    if (this.#sessions.delete(session)) this.#connection.entryLink()?.closeSession(session);
  }

  /** The link has ended, and its sessions with it: the venue cancels what was bound to them. */
  loseSessions(): void {
    this.#sessions.clear();
    for (const giveUp of this.#opening) giveUp(new NoSession('the exchange cannot be reached'));
  }

  #ask<Outcome>(
    send: (link: ExchangeLink) => number,
    answer: (effects: CommandEffects) => Outcome,
    place?: PlaceRequest,
  ): Promise<Outcome | NoAnswer> {
    if (this.#connection.entryLink() === undefined) return Promise.resolve(UNREACHABLE);
    if (this.#inFlight.size + this.#asked.length >= this.#mostInFlight) return Promise.resolve(OVERLOADED);
    return new Promise((resolve) => {
      if (this.#asked.length === 0) setImmediate(() => this.#sendAsked());
      this.#asked.push(() => {
        const link = this.#connection.entryLink();
        if (link === undefined) return resolve(UNREACHABLE);
        // What was sent before in this turn is encoded by now, and counts.
        if (link.pendingBytes > MOST_PENDING_BYTES) return resolve(OVERLOADED);
        this.#inFlight.send(send(link), { place, answer: (effects) => resolve(answer(effects)), fail: resolve });
      });
    });
  }

  /** What many clients asked for in one turn of the event loop, each in a call of its own, leaves in one piece. */
  #sendAsked(): void {
    const asked = this.#asked;
    this.#asked = [];
    for (const send of asked) send();
  }

  /**
   * A command brings what time has brought too: others' orders that expired, or stops that woke. What says nothing of the account that asked is no
   * answer: the venue's history is another one than the command was given its number in.
   */
  #placed({ account: owner }: PlaceRequest, { reports: all }: CommandEffects): PlaceOutcome {
    const refused = all.find(({ kind, account }) => kind === 'rejected' && account === owner);
    if (refused !== undefined)
      return {
        kind: 'rejected',
        reason: refused.rejectReason ?? 'malformed',
        order: refused.order,
        reports: [refused],
      };
    const accepted = all.findLast(({ kind, order, account }) => kind === 'accepted' && account === owner && !order.isLiquidation); // prettier-ignore
    if (accepted === undefined) return { kind: 'unknown' };
    const { orderId } = accepted.order;
    const reports = all.filter(({ order }) => order.orderId === orderId);
    return { kind: 'accepted', order: this.#latest(orderId, reports, accepted), reports };
  }

  #changed(
    owner: number,
    { reports: all, rejections }: CommandEffects,
    isIt: (report: ExecutionReport) => boolean,
  ): ChangeOutcome {
    const rejection = rejections.find(({ account }) => account === owner);
    if (rejection !== undefined) return { kind: 'rejected', reason: rejection.reason };
    const change = all.find((report) => report.account === owner && isIt(report));
    if (change === undefined) return { kind: 'unknown' };
    const { orderId } = change.order;
    const reports = all.filter(({ order }) => order.orderId === orderId);
    return { kind: 'done', order: this.#latest(orderId, reports, change), reports };
  }

  #latest(orderId: bigint, reports: readonly ExecutionReport[], first: ExecutionReport): ViewedOrder {
    return this.#connection.order(orderId) ?? (reports.at(-1) ?? first).order;
  }
}

/** Answers the number of the place itself. */
function sendPlace(link: ExchangeLink, request: PlaceRequest): number {
  const { account, clientText, session } = request;
  const clientOrderId = clientText === null ? 0n : clientOrderIdOf(clientText);
  if (clientText !== null && !isCanonical(clientText))
    link.send({ kind: 'name-client-order', account, clientOrderId, text: encodeText(clientText) });
  return link.send(placeCommand(request, clientOrderId), session);
}

function placeCommand(request: PlaceRequest, clientOrderId: bigint): EngineCommandDraft {
  return {
    kind: 'place',
    instrument: request.instrument,
    account: request.account,
    clientOrderId,
    quantity: request.quantity,
    price: request.price ?? 0,
    side: request.side,
    type: request.type,
    timeInForce: request.timeInForce,
    selfTrade: request.selfTrade ?? DEFAULT_SELF_TRADE,
    instructions: instructionsOf(request),
    triggerPrice: request.triggerPrice ?? 0,
    displayQuantity: request.displayQuantity ?? 0n,
    minimumQuantity: request.minimumQuantity ?? 0n,
    budget: request.budget ?? 0n,
    expiresAt: request.expiresAt ?? 0n,
  };
}
