import { type Money } from '@core/money';
import { type Tx } from '@base/database';

/**
 * What custody asks before coins leave: whether value that came in by a way that can be taken back must stay, whatever it was turned into
 * since. Custody knows coins, not cards and banks; an app plugs in who knows those.
 */
export interface WithdrawableValue {
  /**
   * Resolves when the customer may part with so much. Serialises with every other decision about this customer's value until the transaction
   * ends, so it is called after the customer's standing was locked and before the ledger's accounts are.
   * @throws Refusal, which the customer gets to see
   */
  assert(tx: Tx, customerId: string, leaving: Money): Promise<void>;
}
