import { type AssetCode } from '@core/money';
import { type BankRail, type OwnBankAccount } from './bank-rail.js';
import { OutsideUnavailable } from './outside-error.js';
import { refused } from './refusals.js';

const FRESH_MS = 10 * 60_000;

/** Our own account numbers, as the bank has them: asked for now and then, and kept when the bank does not answer. */
export class OwnAccounts {
  #known: readonly OwnBankAccount[] | undefined;
  #askedAtMs = -Infinity;

  constructor(
    private readonly bank: BankRail,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** @throws Refusal 422 `asset_not_supported`; 503 `rail_unavailable` when nothing is known yet */
  async of(asset: AssetCode): Promise<OwnBankAccount> {
    if (this.nowMs() - this.#askedAtMs > FRESH_MS) await this.#ask();
    const account = this.#known?.find((own) => own.asset === asset);
    if (account === undefined) throw refused('asset_not_supported', { field: 'asset' });
    return account;
  }

  async #ask(): Promise<void> {
    try {
      this.#known = await this.bank.ownAccounts();
      this.#askedAtMs = this.nowMs();
    } catch (error) {
      if (!(error instanceof OutsideUnavailable)) throw error;
      if (this.#known === undefined) throw refused('rail_unavailable');
    }
  }
}
