import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type CommandEffects } from '@core/venue-view';
import { InFlight, type Pending } from './in-flight.js';
import { Queue } from './queue.js';

const effectsOf = (sequence: number): CommandEffects => ({ sequence: BigInt(sequence), time: 0n, reports: [], rejections: [], trades: [], levels: [], bookOrders: [], balances: [], instruments: [] }); // prettier-ignore

/** What became of each command, by the name that the spec gives it. */
class Outcomes {
  readonly all = new Map<number, string>();

  pending(name: number): Pending {
    const end = (how: string): void => {
      if (this.all.has(name)) throw new Error(`command ${name} has ended twice`);
      this.all.set(name, how);
    };
    return {
      place: undefined,
      answer: ({ sequence }) => end(`answered by ${sequence}`),
      fail: ({ kind }) => end(kind),
    };
  }
}

describe('commands in flight', () => {
  test('each ends once: answered by its own command of the venue, refused, or unknown when its link or its history is lost', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('send' as const), silent: fc.nat(2) }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('sequence' as const), others: fc.nat(2), most: fc.integer({ min: 1, max: 8 }) }) }, // prettier-ignore
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('conclude' as const) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('refuse' as const), at: fc.nat(5) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('link-lost' as const, 'history-lost' as const) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const inFlight = new InFlight();
        const outcomes = new Outcomes();
        const due = new Map<number, string>();
        let names = 0;
        let number = 0;
        let venue = 0;
        let seen = 0;
        /** By number on the link, those of them that somebody waits for; by sequence. */
        let sent: { number: number; name: number | undefined }[] = [];
        let sequenced = new Map<number, number>();
        for (const taken of steps) {
          if (taken.kind === 'send') {
            for (let k = 0; k < taken.silent; k += 1) sent.push({ number: (number += 1), name: undefined });
            sent.push({ number: (number += 1), name: (names += 1) });
            inFlight.send(number, outcomes.pending(names));
          } else if (taken.kind === 'sequence') {
            venue += taken.others;
            const run = sent.splice(0, taken.most);
            const [first] = run;
            // A refused one is missing from the run: the venue tells of what is behind it in another.
            const count = run.findIndex((one, k) => one.number !== (first?.number ?? 0) + k);
            const told = count < 0 ? run : run.slice(0, count);
            sent = [...run.slice(told.length), ...sent];
            if (first !== undefined) inFlight.sequenced(first.number, venue + 1, told.length);
            for (const { name } of told) if (((venue += 1), name !== undefined)) sequenced.set(venue, name);
          } else if (taken.kind === 'conclude') {
            if (seen === venue) continue;
            seen += 1;
            const name = sequenced.get(seen);
            if (name !== undefined) due.set(name, `answered by ${seen}`);
            sequenced.delete(seen);
            inFlight.answer(effectsOf(seen));
          } else if (taken.kind === 'refuse') {
            const [refused] = sent.splice(taken.at, 1);
            if (refused === undefined) continue;
            if (refused.name !== undefined) due.set(refused.name, 'refused');
            inFlight.refused(refused.number, 'disk_full');
          } else if (taken.kind === 'link-lost') {
            for (const { name } of sent) if (name !== undefined) due.set(name, 'unknown');
            [sent, number] = [[], 0];
            inFlight.loseSent();
          } else {
            for (const name of sequenced.values()) due.set(name, 'unknown');
            sequenced = new Map();
            inFlight.loseSequenced();
          }
          expect(outcomes.all).toEqual(due);
          expect(inFlight.size).toBe(names - due.size);
        }
      }),
    );
  });

  test('what the view has passed without telling of it is unknown, and holds up nothing behind it', () => {
    const inFlight = new InFlight();
    const outcomes = new Outcomes();
    for (const name of [1, 2]) inFlight.send(name, outcomes.pending(name));
    inFlight.sequenced(1, 10, 2);
    inFlight.answer(effectsOf(11));
    expect([...outcomes.all]).toEqual([[1, 'unknown'], [2, 'answered by 11']]); // prettier-ignore
  });
});

test('a queue gives back what it was given, in order, however it has grown', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 3, arbitrary: fc.nat() }, { weight: 2, arbitrary: fc.constant(null) }), {
        maxLength: 600,
      }),
      (steps) => {
        // prettier-ignore
        const queue = new Queue<number>();
        const due: number[] = [];
        for (const taken of steps) {
          if (taken === null) expect(queue.shift()).toBe(due.shift());
          else queue.push(due[due.push(taken) - 1] as number);
          expect([queue.length, queue.at(0), queue.at(due.length - 1), queue.at(due.length)]).toEqual([due.length, due[0], due.at(-1), undefined]); // prettier-ignore
        }
        expect(queue.drain()).toEqual(due);
      },
    ),
  );
});
