import { LedgerRefusal } from '@platform/ledger';
import { refused } from './refusals.js';

/** What the ledger would not post, as the customer is told of it; anything else is a bug of ours and stays what it is. */
export async function tellingCustomers<Result>(posting: Promise<Result>): Promise<Result> {
  try {
    return await posting;
  } catch (error) {
    if (!(error instanceof LedgerRefusal)) throw error;
    if (error.code === 'insufficient_funds') throw refused('insufficient_funds', { field: 'amount' });
    if (error.code === 'account_frozen' || error.code === 'account_closed') throw refused('customer_restricted');
    throw error;
  }
}
