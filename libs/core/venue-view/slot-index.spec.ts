import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SlotIndex } from './slot-index.js';

/** Enough ids that many stand where others should, and that the arrays grow. */
const IDS = 600;
const steps = fc.array(fc.record({ id: fc.bigInt({ min: 0n, max: BigInt(IDS) }), isGone: fc.boolean() }), { minLength: 400, maxLength: 1_500 }); // prettier-ignore

test('an id is found in the slot that it was put into last, and nowhere once it is removed from there', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const ids: bigint[] = [];
      const index = new SlotIndex((slot, id) => ids[slot] === id);
      const due = new Map<bigint, number>();
      for (const { id, isGone } of taken) {
        const slot = due.get(id);
        if (isGone && slot !== undefined) {
          index.remove(slot, id);
          due.delete(id);
        } else {
          due.set(id, ids.push(id) - 1);
          index.set(ids.length - 1, id);
          // It stands elsewhere by now.
          if (slot !== undefined) index.remove(slot, id);
        }
      }
      const all = Array.from({ length: IDS + 1 }, (_, id) => BigInt(id));
      expect(all.map((id) => index.find(id))).toEqual(all.map((id) => due.get(id)));
    }),
    { numRuns: 20 },
  );
});
