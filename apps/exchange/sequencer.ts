import { failpoint } from '@base/failpoints';
import { type AppendAnswer, type Journal, type RecordBatch } from '@base/journal';
import { ANY, engineCommands, type EngineCommandDraft } from '@core/contracts';
import { apply, commandBuffer, eventBuffer } from '@core/matching';
import { CommandBatch, type CommandSender } from './command-batch.js';
import { type EventRing } from './event-ring.js';

/** µs since 1970. It may step; the sequencer's time does not. */
export interface VenueClock {
  now(): number;
}

export interface SequencerSettings {
  readonly journal: Journal;
  readonly ring: EventRing;
  readonly clock: VenueClock;
  /** Of the last command in the journal; time goes on from there. */
  readonly lastTime: number;
  readonly batchBytes: number;
  /** Commands can be taken again. */
  readonly onRoom: () => void;
  /** A batch of so many commands has been applied; its records are here until this returns. */
  readonly onBatch: (commands: number, records: RecordBatch) => void;
  /** What broke the engine or the journal: the process must end. */
  readonly onBroken: (error: unknown) => void;
}

const { messages } = engineCommands;
const eventWords = new Int32Array(eventBuffer.buffer);
/** What a full disk's reserve is for. */
const CANCELS = new Set([messages.cancel.code, messages['cancel-by-client-id'].code, messages['cancel-all'].code]);
/** While the journal cannot take a batch and does not call, it is asked again so often. */
const RETRY_MS = 5;

/**
 * The one place where commands get their order. What all links say within one turn of the event loop becomes one batch: into the journal,
 * through the engine, its events into the ring, and then to the disk. The engine runs ahead of the disk; nothing leaves before the gate opens.
 */
export class Sequencer {
  readonly #settings: SequencerSettings;
  readonly #batch: CommandBatch;
  /** Events so far, by code: what the venue says, rejections among it. */
  readonly eventCounts = new Float64Array(256);
  readonly #injected = new DataView(new ArrayBuffer(engineCommands.longest));
  readonly #endedSessions: number[] = [];
  /** A session's end must not be lost: what the journal could not take is tried again. */
  readonly #sessionEnds: CommandSender = {
    sequenced: () => undefined,
    refused: (session) => void this.#endedSessions.push(session),
  };
  #time: number;
  #isTurnDue = false;
  #isBlocked = false;
  #isBroken = false;
  #isClosed = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(settings: SequencerSettings) {
    this.#settings = settings;
    this.#time = settings.lastTime;
    this.#batch = new CommandBatch(settings.batchBytes);
    this.#begin();
  }

  /** Whether the journal, or the release of events, has not kept up: nothing is taken until `onRoom`. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** The sequence that the next command gets. */
  get nextSequence(): number {
    return this.#batch.records.lastSequence + 1;
  }

  /** Commands that wait for the journal. */
  get waiting(): number {
    return this.#batch.count;
  }

  /** The sequencer's time, µs: it never steps back. */
  now(): number {
    return Math.max(this.#time, this.#settings.clock.now());
  }

  /** Takes a sound command into the current batch; false when there is no room, and then `onRoom` says when to come again. */
  take(view: DataView, at: number, length: number, session: number, sender: CommandSender, number: number): boolean {
    if (this.#isBlocked || this.#isClosed) return false;
    if (!this.#batch.hasRoomFor(length) && !this.#flush()) return false;
    this.#openTurn();
    this.#batch.add(view, at, length, session, sender, number);
    return true;
  }

  /** A command of the venue's own. False when there is no room for it now. */
  inject(draft: EngineCommandDraft, sender?: CommandSender, number = 0): boolean {
    const length = engineCommands.encode(draft, this.#injected);
    if (this.#isBlocked || this.#isClosed) return false;
    if (!this.#batch.hasRoomFor(length) && !this.#flush()) return false;
    this.#openTurn();
    this.#batch.add(this.#injected, 0, length, draft.origin ?? 0, sender, number);
    return true;
  }

  /** Cancels what was bound to the session, now or as soon as there is room. */
  endSession(session: number): void {
    this.#endedSessions.push(session);
    this.cancelEndedSessions();
  }

  /** Tries again what could not be cancelled when its session ended. */
  cancelEndedSessions(): void {
    while (this.#endedSessions.length > 0) {
      const session = this.#endedSessions.at(-1) as number;
      const command = { kind: 'cancel-all', account: ANY, instrument: ANY, session } as const;
      if (!this.inject(command, this.#sessionEnds, session)) return;
      this.#endedSessions.pop();
    }
  }

  /** Ends the turn now: everything taken is applied if the journal will have it, and on its way to the disk. */
  turn(): void {
    this.#isTurnDue = false;
    if (this.#isBroken) return;
    try {
      this.#flush();
      this.#settings.journal.commit();
    } catch (error) {
      this.#break(error);
    }
  }

  /** More has become durable or been released: a batch that waited may be taken. */
  progress(): void {
    if (!this.#isBlocked || this.#isBroken || !this.#mayRunAhead()) return;
    clearTimeout(this.#retry);
    this.#isBlocked = false;
    this.turn();
    if (this.#isBlocked) return;
    this.cancelEndedSessions();
    this.#settings.onRoom();
  }

  /** Nothing more is taken. */
  close(): void {
    this.turn();
    this.#isClosed = true;
    clearTimeout(this.#retry);
  }

  #begin(): void {
    this.#batch.begin(this.#settings.journal.nextSequence, this.#time);
  }

  #openTurn(): void {
    if (this.#batch.isEmpty) {
      this.#time = this.now();
      this.#begin();
    }
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    setImmediate(() => this.turn());
  }

  /** Journal first, then the engine. False when the batch has to wait. */
  #flush(): boolean {
    if (this.#batch.isEmpty) return true;
    if (!this.#mayRunAhead()) return this.#block();
    let answer = this.#append();
    if (answer === 'busy') {
      this.#settings.journal.commit();
      answer = this.#append();
    }
    if (answer === 'busy') return this.#block();
    if (answer === 'full') this.#batch.refuseAll('disk_full');
    else if (!this.#batch.isEmpty) this.#apply();
    this.#begin();
    return true;
  }

  /** On a full disk cancels go on alone, from the reserve. */
  #append(): AppendAnswer {
    const { journal } = this.#settings;
    const { records } = this.#batch;
    const answer = journal.append(records);
    if (answer !== 'full') return answer;
    this.#batch.keepOnly(CANCELS, 'disk_full');
    return this.#batch.isEmpty ? 'taken' : journal.appendReserved(records);
  }

  #apply(): void {
    failpoint('exchange.appended');
    const { ring, onBatch } = this.#settings;
    const { records, count } = this.#batch;
    commandBuffer.set(records.bytes.subarray(0, records.length));
    apply(0, records.length, this.#takeEvents);
    ring.endBatch(records.lastSequence);
    this.#batch.tellSenders();
    onBatch(count, records);
    failpoint('exchange.applied');
  }

  readonly #takeEvents = (length: number): void => {
    for (let at = 0; at < length;) {
      const first = eventWords[at >> 2] as number;
      this.eventCounts[(first >> 16) & 0xff]! += 1;
      at += first & 0xffff;
    }
    this.#settings.ring.append(eventBuffer, length);
  };

  /** At most half of the ring holds what has not been released, so that what is released has a while to leave. */
  #mayRunAhead(): boolean {
    const { ring } = this.#settings;
    return ring.end - ring.released <= ring.capacity / 2;
  }

  #block(): false {
    this.#isBlocked = true;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#settings.journal.poll();
      this.progress();
      if (this.#isBlocked) this.#block();
    }, RETRY_MS);
    return false;
  }

  #break(error: unknown): void {
    this.#isBroken = true;
    this.#isBlocked = true;
    this.#settings.onBroken(error);
  }
}
