import { type Queryable, type Tx } from '@base/database';
import { type ChainName } from './chain.js';

export interface ChainHalt {
  readonly reason: string;
  readonly at: Date;
}

/** Stops everything that goes by this chain until people have looked. A second halt keeps the first reason. */
export async function haltChain(tx: Tx, chain: ChainName, reason: string): Promise<void> {
  await tx.query('INSERT INTO chains.halt (chain, reason) VALUES ($1, $2) ON CONFLICT (chain) DO NOTHING', [
    chain,
    reason,
  ]);
}

export async function resumeChain(tx: Tx, chain: ChainName): Promise<void> {
  await tx.query('DELETE FROM chains.halt WHERE chain = $1', [chain]);
}

export const chainHalt = (on: Queryable, chain: ChainName): Promise<ChainHalt | undefined> =>
  on.maybeOne<ChainHalt>('SELECT reason, at FROM chains.halt WHERE chain = $1', [chain]);
