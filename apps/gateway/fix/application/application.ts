/** Each application message to its handler; what cannot be answered now ends the connection, and the client sends it again. */
import { type ApiKeyScope } from '@platform/identity';
import { FixBody, type FixMessage, MSG } from '../fix-message.js';
import { cancelOrder, replaceOrder } from './change-order.js';
import { type Conversation, type Request } from './conversation.js';
import { type MarketData } from './market-data.js';
import { massCancel } from './mass-cancel.js';
import { massStatus, orderStatus } from './order-status.js';
import { placeOrder } from './place-order.js';
import { securityList } from './security-list.js';
import { tradeCapture } from './trade-capture.js';

type Handler = (conversation: Conversation, request: Request) => Promise<void> | void;

interface Route {
  readonly scope: ApiKeyScope;
  /** A frozen customer may look and cancel. */
  readonly isForFrozen: boolean;
  /** Its command goes to the venue in the order of the messages. */
  readonly isOrdered: boolean;
  readonly handle: Handler;
  /** The ClOrdID that it is about, if it has to wait for the request that gave it. */
  readonly refersTo?: number;
}

const look = { scope: 'view', isForFrozen: true, isOrdered: false } as const;
const trade = { scope: 'trade', isOrdered: true } as const;

const ROUTES: Readonly<Record<string, Route>> = {
  [MSG.NEW_ORDER_SINGLE]: { ...trade, isForFrozen: false, handle: placeOrder },
  [MSG.ORDER_CANCEL_REPLACE_REQUEST]: { ...trade, isForFrozen: false, handle: replaceOrder, refersTo: 41 },
  [MSG.ORDER_CANCEL_REQUEST]: { ...trade, isForFrozen: true, handle: cancelOrder, refersTo: 41 },
  [MSG.ORDER_MASS_CANCEL_REQUEST]: { ...trade, isForFrozen: true, handle: massCancel },
  [MSG.ORDER_STATUS_REQUEST]: { ...look, handle: orderStatus, refersTo: 11 },
  [MSG.ORDER_MASS_STATUS_REQUEST]: { ...look, handle: massStatus },
  [MSG.SECURITY_LIST_REQUEST]: { ...look, handle: securityList },
  [MSG.TRADE_CAPTURE_REPORT_REQUEST]: { ...look, handle: tradeCapture },
};

const NOT_AUTHORIZED = 6;
const UNSUPPORTED = 3;

export class Application {
  readonly #conversation: Conversation;
  readonly #marketData: MarketData;
  /** Requests that are not answered, by the ClOrdID that they give. */
  readonly #underWay = new Map<string, Promise<void>>();
  #turn: Promise<void> = Promise.resolve();

  constructor(conversation: Conversation, marketData: MarketData) {
    this.#conversation = conversation;
    this.#marketData = marketData;
  }

  /** Resolves when the message has been answered for good. @throws whatever kept it from being answered */
  handle(message: FixMessage, seq: number): Promise<void> {
    const { msgType } = message;
    if (msgType === MSG.MARKET_DATA_REQUEST) {
      if (this.#mayUse(look.scope)) this.#marketData.request(message);
      else this.#refuse(message, seq, NOT_AUTHORIZED, 'the API key may not view');
      return Promise.resolve();
    }
    // A client's reject of a message of ours changes nothing here.
    if (msgType === MSG.BUSINESS_MESSAGE_REJECT) return Promise.resolve();
    const route = ROUTES[msgType];
    if (route === undefined) {
      this.#refuse(message, seq, UNSUPPORTED, 'unsupported message type');
      return Promise.resolve();
    }
    if (!this.#mayUse(route.scope)) {
      this.#refuse(message, seq, NOT_AUTHORIZED, `the API key may not ${route.scope}`);
      return Promise.resolve();
    }
    if (this.#conversation.trader.isFrozen && !route.isForFrozen) {
      this.#refuse(message, seq, NOT_AUTHORIZED, 'the account is frozen: cancel only');
      return Promise.resolve();
    }
    return this.#run(message, seq, route);
  }

  #run(message: FixMessage, seq: number, route: Route): Promise<void> {
    const before = route.refersTo === undefined ? undefined : this.#underWay.get(message.get(route.refersTo) ?? '');
    const previous = this.#turn;
    let submitted = (): void => undefined;
    // One that ends without a command must not let the next go before those in front of both.
    if (route.isOrdered) {
      const own = new Promise<void>((resolve) => (submitted = resolve));
      this.#turn = previous.then(() => own);
    }
    const submit = async <T>(command: () => Promise<T>): Promise<T> => {
      await previous;
      const outcome = command();
      submitted();
      return outcome;
    };
    const running = (async () => {
      try {
        await before?.catch(() => undefined);
        await route.handle(this.#conversation, { message, seq, submit });
      } finally {
        submitted();
      }
    })();
    const id = message.get(11);
    if (route.isOrdered && id !== undefined && !this.#underWay.has(id)) {
      this.#underWay.set(id, running);
      const forget = (): void => void this.#underWay.delete(id);
      running.then(forget, forget);
    }
    return running;
  }

  #mayUse(scope: ApiKeyScope): boolean {
    return this.#conversation.trader.scopes.includes(scope);
  }

  #refuse(message: FixMessage, seq: number, reason: number, text: string): void {
    const body = new FixBody().add(45, seq).add(372, message.msgType).add(379, message.get(11)).add(380, reason);
    this.#conversation.send(MSG.BUSINESS_MESSAGE_REJECT, body.add(58, text).toString());
  }
}
