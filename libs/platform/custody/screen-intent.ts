import { type Tx } from '@base/database';
import { type Intent, lockIntent, moveIntent, withdrawalFacts } from './intents.js';
import { withdrawalReleased } from './journals.js';
import { type CustodyParts } from './parts.js';
import { type CustodySettings } from './settings.js';

/** Whether a withdrawal may go on: the place where compliance says its word. */
export interface Screening {
  check(
    tx: Tx,
    intent: Intent,
  ): Promise<{ readonly verdict: 'pass' } | { readonly verdict: 'reject'; readonly reason: string }>;
}

/** Nobody screens. */
export const noScreening: Screening = { check: () => Promise.resolve({ verdict: 'pass' }) };

/** Takes a new withdrawal through screening to its approval: by itself up to a limit, by an operator above it. */
export class ScreenIntent {
  constructor(
    private readonly parts: CustodyParts,
    private readonly settings: CustodySettings,
    private readonly screening: Screening,
  ) {}

  run(intentId: string): Promise<void> {
    const { database, events, clock, ledger } = this.parts;
    return database.transaction(async (tx) => {
      const at = clock.now();
      let intent = await lockIntent(tx, intentId);
      if (intent.state === 'requested') {
        const checked = await this.screening.check(tx, intent);
        if (checked.verdict === 'reject') {
          await ledger.post(tx, withdrawalReleased(withdrawalFacts(intent)));
          await moveIntent(tx, events, intent, { event: 'reject', at, detail: { reason: checked.reason } });
          return;
        }
        intent = await moveIntent(tx, events, intent, { event: 'screen', at });
      }
      if (intent.state !== 'screened') return;
      const { autoApproveUpTo } = this.settings.assets[intent.asset];
      const event = intent.amount <= autoApproveUpTo ? 'approve' : 'require_approval';
      await moveIntent(tx, events, intent, { event, at, detail: { by: 'policy' } });
    });
  }
}
