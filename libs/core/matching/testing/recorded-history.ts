/** A random history as the bytes that a journal would hold, for replays. */
import { engineCommands } from '@core/contracts';
import { SeededDice, ThrownDice } from './dice.js';
import { type Kinds, openingCommands, randomCommand, THROWS } from './random-commands.js';
import { ReferenceExchange } from './reference-exchange.js';

export interface RecordedHistory {
  readonly bytes: Uint8Array;
  /** Where each command starts, and where the last ends. */
  readonly offsets: readonly number[];
}

/** The opening and `count` random commands, of all kinds unless told which; the same seed and kinds give the same bytes. */
export function recordHistory(seed: number, count: number, kinds?: Kinds): RecordedHistory {
  const exchange = new ReferenceExchange();
  const dice = new SeededDice(seed);
  const opening = openingCommands();
  const bytes = new Uint8Array((opening.length + count) * engineCommands.longest);
  const view = new DataView(bytes.buffer);
  const offsets = [0];
  for (let k = 0; k < opening.length + count; k += 1) {
    const draft = opening[k] ?? randomCommand(new ThrownDice(dice.throws(THROWS)), exchange, kinds);
    const at = offsets[k]!;
    const length = engineCommands.encode(
      { ...draft, sequence: exchange.sequence + 1n, time: draft.time ?? exchange.now + 1n },
      view,
      at,
    );
    exchange.apply(engineCommands.decode(view, at));
    offsets.push(at + length);
  }
  return { bytes: bytes.slice(0, offsets.at(-1)), offsets };
}
