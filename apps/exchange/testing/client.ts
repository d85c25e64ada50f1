import { setTimeout as sleep } from 'node:timers/promises';
import { Secret } from '@base/config';
import {
  type EngineCommandDraft,
  type EngineEvent,
  type LinkRefusal,
  LINK_ROLES,
  type LinkRole,
} from '@core/contracts';
import { EventOrder, ExchangeLink, type ExchangeLinkOptions, type LinkEnd } from '@platform/venue-link';
import { type LinkKey } from '../link.js';

export const secretOf = (role: LinkRole): Secret => new Secret(`spec key of the ${role} 7f3a91c2`);
export const keys: ReadonlyMap<string, LinkKey> = new Map(
  LINK_ROLES.map((role) => [role, { role, key: secretOf(role) }]),
);

const PATIENCE_MS = 60_000;

/** A link that remembers what it was told. */
export class Client {
  link!: ExchangeLink;
  readonly events: EngineEvent[] = [];
  /** The venue's sequence by this link's number. */
  readonly sequences = new Map<number, number>();
  readonly refusals = new Map<number, LinkRefusal>();
  released = 0;
  end: LinkEnd | undefined;

  /** @param keeps whether events are kept, or only counted in `order` */
  static async connect(
    address: ExchangeLinkOptions['address'],
    role: LinkRole,
    options: Partial<ExchangeLinkOptions> & { keeps?: boolean } = {},
  ): Promise<Client> {
    const client = new Client();
    const { keeps = true, ...given } = options;
    client.link = await ExchangeLink.connect({
      address,
      keyName: role,
      key: secretOf(role),
      order: new EventOrder(),
      ...(keeps && { onEvent: (event: EngineEvent) => void client.events.push(event) }),
      onSequenced: (command, first, count) => {
        for (let k = 0; k < count; k += 1) client.sequences.set(command + k, first + k);
      },
      onRefused: (command, reason) => void client.refusals.set(command, reason),
      onReleased: (sequence) => (client.released = sequence),
      onClosed: (end) => (client.end = end),
      ...given,
    });
    return client;
  }

  /** Sends them and waits until each is sequenced or refused. Answers their sequences; 0 for a refused one. */
  async do(commands: readonly EngineCommandDraft[], session = 0): Promise<number[]> {
    const numbers = commands.map((command) => this.link.send(command, session));
    await this.until(() => numbers.every((number) => this.sequences.has(number) || this.refusals.has(number)));
    return numbers.map((number) => this.sequences.get(number) ?? 0);
  }

  /** The events of these commands, once they have come. */
  async eventsOf(...sequences: number[]): Promise<EngineEvent[]> {
    const last = Math.max(...sequences);
    await this.until(() => this.released >= last || this.link.order.sequence > last);
    return this.events.filter(({ sequence }) => sequences.includes(Number(sequence)));
  }

  async until(isSo: () => boolean): Promise<void> {
    for (const start = Date.now(); !isSo(); await sleep(1)) {
      if (this.end !== undefined) throw new Error(`the link ended: ${this.end}`);
      if (Date.now() - start > PATIENCE_MS) throw new Error('waited in vain');
    }
  }

  async ended(): Promise<LinkEnd> {
    for (const start = Date.now(); this.end === undefined; await sleep(1)) {
      if (Date.now() - start > PATIENCE_MS) throw new Error('the link does not end');
    }
    return this.end;
  }
}
