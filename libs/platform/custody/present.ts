import { formatAmount } from '@core/money';
import { type Queryable } from '@base/database';
import { ChainLog } from '@platform/chains';
import { type Attempt, attemptsOf } from './attempts.js';
import { type Deposit } from './deposits.js';
import { historyOf, type Intent } from './intents.js';

/** A deposit as both APIs show it. */
export const presentDeposit = (deposit: Deposit) => ({
  id: deposit.id,
  asset: deposit.asset,
  amount: formatAmount(deposit.amount, deposit.asset),
  state: deposit.state,
  chain: deposit.chainId,
  address: deposit.address,
  txid: deposit.txid,
  place: deposit.outputIndex,
  height: deposit.height,
  confirmationsNeeded: deposit.requiredDepth,
  at: deposit.at.toISOString(),
  creditedAt: deposit.creditedAt?.toISOString() ?? null,
});

/** A withdrawal as both APIs show it: with the transaction that counts, the mined one or else the newest, and how deep it lies. */
export async function presentWithdrawal(on: Queryable, intent: Intent, { withHistory = false } = {}) {
  const attempts = await attemptsOf(on, intent.id);
  const counting =
    attempts.find((attempt) => attempt.height !== null) ?? attempts.findLast((attempt) => attempt.raw !== null);
  const history = withHistory ? await historyOf(on, intent.id) : undefined;
  return {
    id: intent.id,
    asset: intent.asset,
    amount: formatAmount(intent.amount, intent.asset),
    fee: formatAmount(intent.fee, intent.asset),
    destination: intent.destination,
    state: intent.state,
    waitingFor: intent.waitingFor,
    txid: counting?.txid ?? null,
    confirmations: await depthOf(on, intent.chainId, counting),
    createdAt: intent.createdAt.toISOString(),
    updatedAt: intent.updatedAt.toISOString(),
    expiresAt: intent.expiresAt?.toISOString() ?? null,
    ...(history && { history: history.map(({ event, to, at }) => ({ event, state: to, at: at.toISOString() })) }),
  };
}

async function depthOf(on: Queryable, chainId: string, attempt: Attempt | undefined): Promise<number> {
  if (attempt?.height == null) return 0;
  const tip = await new ChainLog(chainId).tip(on);
  return tip ? Math.max(0, tip.height - attempt.height + 1) : 0;
}
