import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AcknowledgementGate, AWAY_MS } from './acknowledgement-gate.js';

interface World {
  readonly gate: AcknowledgementGate;
  readonly opened: number[];
  now: number;
  doubts: number;
}

function world(mode: 'asynchronous' | 'synchronous'): World {
  const made: { world?: World } = {};
  const opened: number[] = [];
  const on = {
    open: (sequence: number) => void opened.push(sequence),
    doubt: () => made.world && (made.world.doubts += 1),
  };
  const gate = new AcknowledgementGate(mode, on, () => made.world?.now ?? 0);
  made.world = { gate, opened, now: 0, doubts: 0 };
  return made.world;
}

describe('the gate', () => {
  test('opens up to what is durable here and acknowledged there, in whatever order that comes, and never steps back', () => {
    const step = fc.record({
      what: fc.constantFrom('durable' as const, 'acknowledge' as const),
      sequence: fc.nat(1_000),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const { gate, opened } = world('synchronous');
        const known = { durable: 0, acknowledge: 0 };
        for (const { what, sequence } of steps) {
          known[what] = sequence;
          gate[what](sequence);
          expect(gate.opened).toBeGreaterThanOrEqual(Math.min(known.durable, known.acknowledge));
        }
        expect(opened).toEqual([...new Set(opened)].sort((a, b) => a - b));
        let [durable, acknowledged] = [0, 0];
        const most = steps.map(({ what, sequence }) => {
          if (what === 'durable') durable = sequence;
          else acknowledged = sequence;
          return Math.min(durable, acknowledged);
        });
        expect(gate.opened).toBe(Math.max(0, ...most));
      }),
    );
  });

  test('asks before it opens when the process was away, although acknowledgements wait, and stays shut without an answer', () => {
    const w = world('synchronous');
    w.gate.durable(10);
    w.gate.acknowledge(5);
    w.now += AWAY_MS + 1;
    w.gate.acknowledge(8);
    w.now += 1;
    w.gate.acknowledge(10);
    expect({ opened: w.opened, doubts: w.doubts, mayLeave: w.gate.mayLeave() }).toEqual({
      opened: [5],
      doubts: 1,
      mayLeave: false,
    });
    w.gate.reassure();
    expect({ opened: w.opened, mayLeave: w.gate.mayLeave() }).toEqual({ opened: [5, 10], mayLeave: true });
  });

  test('what was released before a stop does not leave after it unasked', () => {
    const w = world('synchronous');
    w.gate.durable(10);
    w.gate.acknowledge(10);
    w.now += AWAY_MS + 1;
    expect(w.gate.mayLeave()).toBe(false);
  });

  test('asynchronous: does not wait for a standby; fenced: lets nothing through, whatever the mode', () => {
    const w = world('asynchronous');
    w.gate.durable(3);
    w.gate.fence();
    w.gate.durable(9);
    w.gate.setMode('synchronous');
    w.gate.acknowledge(9);
    expect({ opened: w.opened, mayLeave: w.gate.mayLeave() }).toEqual({ opened: [3], mayLeave: false });
  });
});
