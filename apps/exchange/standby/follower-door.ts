import { type LinkMessage } from '@core/contracts';
import { type Promotion } from '@platform/venue-link';
import { type CommandSender } from '../command-batch.js';
import { type Door, openTcpDoor, openUnixDoor } from '../doors.js';
import { type EventRing } from '../event-ring.js';
import { DEFAULTS, type ExchangeSettings } from '../exchange-settings.js';
import { Link, type LinkKey, type Venue } from '../link.js';
import { type SealedTerm } from './term-seal.js';

/** Whose doors they are. */
export interface DoorOwner {
  readonly ring: EventRing;
  readonly epoch: number;
  readonly term: SealedTerm;
  promote(isForced: boolean): Promise<Promotion>;
}

/** A follower's doors, the ones it will have as the primary: operators may promote it, everybody else learns that it only follows. */
export class FollowerDoor implements Venue {
  readonly standing = 'follower';
  readonly oldestSequence = 1;
  readonly history = undefined;
  readonly #owner: DoorOwner;
  readonly #settings: ExchangeSettings;
  readonly #links = new Set<Link>();
  readonly #doors: Door[] = [];
  #beat: NodeJS.Timeout | undefined;
  #nextLink = 1;

  constructor(owner: DoorOwner, settings: ExchangeSettings) {
    this.#owner = owner;
    this.#settings = settings;
  }

  get ring(): EventRing {
    return this.#owner.ring;
  }

  get epoch(): number {
    return this.#owner.epoch;
  }

  get term(): SealedTerm {
    return this.#owner.term;
  }

  get keys(): ReadonlyMap<string, LinkKey> {
    return this.#settings.keys;
  }

  get heartbeatMs(): number {
    return this.#settings.heartbeatMs ?? DEFAULTS.heartbeatMs;
  }

  get addresses(): string[] {
    return this.#doors.map(({ at }) => at);
  }

  async open(): Promise<void> {
    const { socketPath, tcp } = this.#settings;
    const onLink = (socket: ConstructorParameters<typeof Link>[0]): void =>
      void this.#links.add(new Link(socket, this, this.#nextLink++));
    if (socketPath !== undefined) this.#doors.push(await openUnixDoor(socketPath, onLink));
    if (tcp !== undefined) this.#doors.push(await openTcpDoor(tcp, onLink));
    this.#beat = setInterval(() => [...this.#links].forEach((link) => link.beat()), this.heartbeatMs);
  }

  /** Nobody new comes in; who is in stays until `dismiss`. */
  close(): void {
    for (const door of this.#doors) door.close();
    clearInterval(this.#beat);
  }

  dismiss(): void {
    for (const link of [...this.#links]) link.close('shutting_down');
  }

  take(...[, , , , sender, number]: [DataView, number, number, number, CommandSender, number]): boolean {
    sender.refused(number, 'not_primary');
    return true;
  }

  openSession(): undefined {
    return undefined;
  }

  endSession(): void {
    // None is ever opened here.
  }

  mayLeave(): boolean {
    return true;
  }

  hear(): boolean {
    return false;
  }

  converse(link: Link, message: LinkMessage): boolean {
    if (link.role !== 'operator' || message.kind !== 'promote') return false;
    this.#owner.promote(message.isForced !== 0).then((promotion) => {
      if ('refusal' in promotion) link.output.say({ kind: 'not-promoted', reason: promotion.refusal });
      else link.output.say({ kind: 'promoted', term: promotion.term, last: BigInt(promotion.last) });
      link.output.flush();
      if ('term' in promotion) this.dismiss();
    }, this.#settings.onFatal);
    return true;
  }

  closed(link: Link): void {
    this.#links.delete(link);
  }
}
