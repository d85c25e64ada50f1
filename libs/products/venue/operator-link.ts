import { type EngineCommandDraft, type EngineEvent, type LinkRefusal } from '@core/contracts';
import { type Secret } from '@base/config';
import {
  connectToPrimary,
  EventOrder,
  type ExchangeLink,
  HighestTerm,
  type PrimaryOptions,
} from '@platform/venue-link';

export interface OperatorSettings {
  /** Of all processes of the venue that may be the primary. */
  readonly addresses: PrimaryOptions['addresses'];
  /** Of the role `operator`. */
  readonly key: Secret;
  /** How long the venue may take to answer; five seconds unless told. */
  readonly patienceMs?: number;
}

/** What an operator may send, and the event that says it was done. */
const ANSWERS = {
  'list-instrument': 'instrument-listed',
  'set-state': 'instrument-state',
  'set-fees': 'fees-set',
  'set-bands': 'bands-set',
  'set-account': 'account-set',
  'kill-switch': 'kill-switch-set',
  'mark-price': 'mark-price-set',
  'cancel-all': 'orders-cancelled',
  audit: 'audited',
} as const satisfies Partial<Record<EngineCommandDraft['kind'], EngineEvent['kind']>>;
export type OperatorCommand = Extract<EngineCommandDraft, { kind: keyof typeof ANSWERS }>;

/** Why there is no answer. `unknown`: the command may have been carried out. */
export type NoAnswer = LinkRefusal | 'unavailable' | 'unknown' | 'too_long_ago';

export class VenueSilent extends Error {
  override readonly name = 'VenueSilent';

  constructor(
    readonly reason: NoAnswer,
    cause?: unknown,
  ) {
    super(`the exchange gave no answer: ${reason}`, { cause });
  }
}

const PATIENCE_MS = 5_000;
/** Nobody waits for a search through more commands than this. */
const MOST_SEARCHED = 5_000_000;

/**
 * The operators' own line to the venue: a connection for each command, open until the engine has answered. Commands of operators are rare, and the
 * venue may have another primary by the next one.
 */
export class OperatorLink {
  readonly #terms = new HighestTerm();

  constructor(private readonly settings: OperatorSettings) {}

  /**
   * Sends a command and waits for its event: what was done, or `command-rejected`. `beforeSending` is told of the last command that the venue
   * had told of by then; when it fails nothing is sent.
   * @throws VenueSilent
   */
  async ask(command: OperatorCommand, beforeSending: (after: number) => Promise<void>): Promise<EngineEvent> {
    const waiting = new Waiting<EngineEvent>(this.#patience);
    let sequence: number | undefined;
    const events: EngineEvent[] = [];
    const look = (): void => {
      const answer = events.find((event) => Number(event.sequence) === sequence && isAnswer(command, event));
      if (answer !== undefined) waiting.resolve(answer);
    };
    const link = await this.#connect(waiting, {
      onEvent: (event) => {
        if (!isAnswer(command, event)) return;
        events.push(event);
        look();
      },
      onSequenced: (_, first) => {
        sequence = first;
        look();
      },
      onRefused: (_, reason) => waiting.reject(new VenueSilent(reason)),
    });
    try {
      link.subscribe(0);
      await beforeSending(link.welcome.nextSequence - 1);
      link.send(command);
      return await waiting.done;
    } finally {
      link.close();
    }
  }

  /**
   * Looks among the commands behind `after` for one that did just this; undefined when the venue has none. `isTaken` tells answers that belong to
   * somebody else's command.
   * @throws VenueSilent
   */
  async search(
    command: OperatorCommand,
    { after, isTaken }: { after: number; isTaken: (sequence: bigint) => Promise<boolean> },
  ): Promise<EngineEvent | undefined> {
    const waiting = new Waiting<undefined>(this.#patience * 6);
    const found: EngineEvent[] = [];
    const order = EventOrder.after(after);
    let last = after;
    const link = await this.#connect(waiting, {
      order,
      onEvent: (event) => {
        if (Number(event.sequence) > last) waiting.resolve(undefined);
        else if (isAnswer(command, event) && event.kind !== 'command-rejected' && saysTheSame(command, event)) found.push(event); // prettier-ignore
      },
      onReleased: (released) => {
        if (released >= last && order.sequence >= last) waiting.resolve(undefined);
      },
    });
    try {
      last = link.welcome.nextSequence - 1;
      if (last <= after) return undefined;
      if (last - after > MOST_SEARCHED || after + 1 < link.welcome.oldestSequence)
        throw new VenueSilent('too_long_ago');
      link.subscribe(after + 1);
      await waiting.done;
    } finally {
      link.close();
    }
    for (const event of found) if (!(await isTaken(event.sequence))) return event;
    return undefined;
  }

  get #patience(): number {
    return this.settings.patienceMs ?? PATIENCE_MS;
  }

  async #connect(
    waiting: { reject(error: Error): void },
    options: Pick<PrimaryOptions, 'order' | 'onEvent' | 'onSequenced' | 'onRefused' | 'onReleased'>,
  ): Promise<ExchangeLink> {
    const { addresses, key } = this.settings;
    try {
      return await connectToPrimary({
        addresses,
        key,
        keyName: 'operator',
        terms: this.#terms,
        ...options,
        onClosed: (end) => waiting.reject(new VenueSilent('unknown', end)),
      });
    } catch (error) {
      throw new VenueSilent('unavailable', error);
    }
  }
}

/** A promise that ends by itself in the end. */
class Waiting<Value> {
  readonly done: Promise<Value>;
  #settle: { resolve: (value: Value) => void; reject: (error: Error) => void } | undefined;

  constructor(patienceMs: number) {
    this.done = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // Whoever has stopped waiting is not told.
    this.done.catch(() => undefined);
    setTimeout(() => this.reject(new VenueSilent('unknown')), patienceMs).unref();
  }

  resolve(value: Value): void {
    this.#settle?.resolve(value);
  }

  reject(error: Error): void {
    this.#settle?.reject(error);
  }
}

const isAnswer = ({ kind }: OperatorCommand, event: EngineEvent): boolean =>
  event.kind === ANSWERS[kind] || event.kind === 'command-rejected';

/** Whether the event names what the command named. */
function saysTheSame(command: OperatorCommand, event: EngineEvent): boolean {
  const said = new Map<string, unknown>(Object.entries(event));
  if (event.kind === 'instrument-state' && event.reason !== 'operator') return false;
  return Object.entries(command).every(
    ([name, value]) => name === 'kind' || !said.has(name) || said.get(name) === value,
  );
}
