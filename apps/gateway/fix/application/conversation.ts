/** What the handlers of application messages work with: one session, as long as this process speaks for it. */
import { type Trader } from '../../access/access.js';
import { type OrderDesk } from '../../desk/order-desk.js';
import { type VenueFeed } from '../../desk/venue-feed.js';
import { type ClientOrderIds } from '../client-order-ids.js';
import { type FixMessage } from '../fix-message.js';
import { type OrderNames } from './order-names.js';
import { type History } from './history.js';

export interface Conversation {
  readonly compId: string;
  /** Which taking of the session this is. */
  readonly fence: bigint;
  readonly desk: OrderDesk;
  readonly feed: VenueFeed;
  readonly ids: ClientOrderIds;
  readonly history: History;
  readonly names: OrderNames;
  /** As the key says now. */
  readonly trader: Trader;
  /** Session of the venue whose end cancels the orders; undefined when they outlive the connection. */
  readonly deskSession: number | undefined;
  readonly now: () => number;
  /** Milliseconds that a request may wait for the venue to be back. */
  readonly patienceMs: number;
  readonly isOpen: () => boolean;
  /** Sends an application message that is stored and can be sent again. */
  readonly send: (msgType: string, body: string) => void;
  /** Sends one that is of use to this connection alone. */
  readonly sendPassing: (msgType: string, body: string) => void;
  /** A unique ExecID of what is no event of the venue. */
  readonly execId: (seq: number, part?: number) => string;
}

/** A request with its number. */
export interface Request {
  readonly message: FixMessage;
  readonly seq: number;
  /** Runs a command for the venue in its turn: commands reach the venue in the order of their messages, whatever was looked up for each. */
  readonly submit: <T>(command: () => Promise<T>) => Promise<T>;
}

/** Thrown by a handler that cannot answer now: the connection ends, and the client sends the message again. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
}
