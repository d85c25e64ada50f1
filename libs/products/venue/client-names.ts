import { decodeText, engineCommands, type EngineEvent } from '@core/contracts';
import { type Tx } from '@base/database';

type Event<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>;

const PLACE = engineCommands.messages.place.code;
/** A place comes right after its name, in the same write of the same gateway. What has not come by then never will. */
const COMMANDS_TO_WAIT = 65_536n;

interface Name {
  readonly account: number;
  readonly client_order_id: bigint;
  readonly text: string;
  readonly sequence: bigint;
}

const keyOf = (account: number, clientOrderId: bigint): string => `${account}/${clientOrderId}`;

/** What clients called orders that have not been accepted or refused yet. */
export class ClientNames {
  readonly #waiting: Map<string, Name>;
  readonly #stored: ReadonlySet<string>;
  #hasNamed = false;

  private constructor(stored: readonly Name[]) {
    this.#waiting = new Map(stored.map((name) => [keyOf(name.account, name.client_order_id), name]));
    this.#stored = new Set(this.#waiting.keys());
  }

  /** The names that wait for the orders of these events. */
  static async read(tx: Tx, events: readonly EngineEvent[]): Promise<ClientNames> {
    const placed = events.filter((event) => isPlaced(event) && event.clientOrderId !== 0n) as Placed[];
    if (placed.length === 0) return new ClientNames([]);
    const names = await tx.query<Name>(
      `SELECT n.* FROM unnest($1::bigint[], $2::numeric[]) AS placed (account, client_order_id)
         JOIN venue.client_order_name n USING (account, client_order_id)`,
      [placed.map(({ account }) => account), placed.map(({ clientOrderId }) => clientOrderId)],
    );
    return new ClientNames(names);
  }

  named({ account, clientOrderId, text: bytes, sequence }: Event<'client-order-named'>): void {
    const text = decodeText(bytes);
    if (text !== '' && clientOrderId !== 0n)
      this.#waiting.set(keyOf(account, clientOrderId), { account, client_order_id: clientOrderId, text, sequence });
    this.#hasNamed = true;
  }

  /** What the order was called, if it was; a name is of one order. */
  take(account: number, clientOrderId: bigint): string | null {
    const key = keyOf(account, clientOrderId);
    const name = this.#waiting.get(key);
    this.#waiting.delete(key);
    return name?.text ?? null;
  }

  /** The order will not come. */
  refused(event: Event<'order-rejected'>): void {
    if (event.command === PLACE) this.take(event.account, event.clientOrderId);
  }

  async write(tx: Tx, lastSequence: bigint): Promise<void> {
    const taken = [...this.#stored].filter((key) => !this.#waiting.has(key)).map((key) => key.split('/'));
    if (taken.length > 0)
      await tx.query(
        `DELETE FROM venue.client_order_name n USING unnest($1::int[], $2::numeric[]) AS taken (account, client_order_id)
          WHERE n.account = taken.account AND n.client_order_id = taken.client_order_id`,
        [taken.map(([account]) => Number(account)), taken.map(([, id]) => BigInt(id ?? 0))],
      );
    if (!this.#hasNamed) return;
    const left = [...this.#waiting.values()];
    await tx.query(
      `INSERT INTO venue.client_order_name (account, client_order_id, text, sequence)
       SELECT * FROM unnest($1::int[], $2::numeric[], $3::text[], $4::bigint[])
       ON CONFLICT (account, client_order_id) DO UPDATE SET text = EXCLUDED.text, sequence = EXCLUDED.sequence`,
      [
        left.map(({ account }) => account),
        left.map(({ client_order_id: id }) => id),
        left.map(({ text }) => text),
        left.map(({ sequence }) => sequence),
      ],
    );
    await tx.query('DELETE FROM venue.client_order_name WHERE sequence < $1', [lastSequence - COMMANDS_TO_WAIT]);
  }
}

type Placed = Event<'order-accepted'> | Event<'order-rejected'>;
const isPlaced = (event: EngineEvent): event is Placed =>
  event.kind === 'order-accepted' || (event.kind === 'order-rejected' && event.command === PLACE);
