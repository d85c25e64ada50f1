import { getAddress } from 'ethers';
import { z } from 'zod';
import { type EthereumMovement } from './chain.js';
import { quantity } from './ethereum-header.js';
import { NodeLies } from './node-errors.js';

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);

const frameSchema = z.object({
  type: z.string(),
  from: address,
  to: address.nullish(),
  value: quantity.optional(),
  error: z.string().nullish(),
  get calls() {
    return z.array(frameSchema).optional();
  },
});
type Frame = z.infer<typeof frameSchema>;

/** What `callTracer` answers for a block. */
export const blockTraceSchema = z.array(z.object({ txHash: z.string(), result: frameSchema }));

/** Calls that carry value from one account to another; DELEGATECALL and STATICCALL move nothing, CALLCODE pays itself. */
const MOVES_VALUE: ReadonlySet<string> = new Set(['CALL', 'CREATE', 'CREATE2', 'SELFDESTRUCT']);

/** Deeper than the EVM's own limit of 1,024 no honest trace goes. */
const MAX_DEPTH = 1100;

/**
 * Value that moved inside a transaction, in order of execution. A frame counts only if neither it nor any frame above it reverted. The
 * outermost frame is the transaction itself and is not repeated here; indices start at 1 and count every frame, so that they do not
 * depend on which of them moved value.
 */
export function internalMovements(txid: string, root: Frame): EthereumMovement[] {
  const movements: EthereumMovement[] = [];
  let index = 0;
  const visit = (frame: Frame, depth: number): void => {
    if (depth > MAX_DEPTH) throw new NodeLies('a trace deeper than the EVM allows');
    for (const call of frame.calls ?? []) {
      index += 1;
      if (call.error) {
        index += countFrames(call);
        continue;
      }
      const value = call.value ?? 0n;
      if (MOVES_VALUE.has(call.type) && value > 0n && call.to) {
        movements.push({ txid, index, from: getAddress(call.from), to: getAddress(call.to), value });
      }
      visit(call, depth + 1);
    }
  };
  if (!root.error) visit(root, 0);
  return movements;
}

function countFrames(frame: Frame): number {
  return (frame.calls ?? []).reduce((sum, call) => sum + 1 + countFrames(call), 0);
}
