import { type BlockHeader, type BlockRef, type BlockSource } from './chain.js';
import { NodeLies } from './node-errors.js';

/**
 * Asks further nodes about a block before anything is credited for it. All have to have the same block at its height, and to agree on what
 * `compare` makes of it. One that is unreachable or behind means "not yet", which is thrown as NodeUnavailable or answered `false`; one
 * that contradicts is a lie.
 * @throws NodeLies, NodeUnavailable
 */
export async function witnessed<Block extends BlockHeader>(
  witnesses: readonly BlockSource<Block>[],
  block: BlockRef,
  compare?: { expected: string; of: (block: Block) => string },
): Promise<boolean> {
  for (const witness of witnesses) {
    if ((await witness.tip()).height < block.height) return false;
    if ((await witness.hashAt(block.height)) !== block.hash) {
      throw new NodeLies(`nodes disagree about block ${block.height}`);
    }
    if (compare !== undefined && compare.of(await witness.block(block.hash)) !== compare.expected) {
      throw new NodeLies(`nodes disagree about the contents of block ${block.height}`);
    }
  }
  return true;
}
