import { z } from 'zod';
import { CHAIN_ASSETS, INTENT_STATES } from '@platform/custody';

export const asset = z.enum(CHAIN_ASSETS);
export const id = z.uuid();
const time = z.iso.datetime();

export const reasonOrder = z.strictObject({ reason: z.string().trim().min(3).max(200) }).meta({ id: 'Reason' });
export const withdrawalStates = z.enum(INTENT_STATES);
export const anything = z.object({}).loose().meta({ id: 'CustodyItem' });
export const itemPage = z.object({ items: z.array(anything), next: z.string().optional() }).meta({ id: 'CustodyPage' });

export const reconciliationSchema = z
  .object({
    id,
    asset,
    height: z.int(),
    blockHash: z.string(),
    ledger: z.string(),
    onChain: z.string(),
    difference: z.string(),
    items: z.array(z.object({ what: z.string(), id: z.string(), amount: z.string() })),
    at: time,
  })
  .meta({ id: 'CustodyReconciliation' });
export const reconciliationPage = z
  .object({ items: z.array(reconciliationSchema), next: z.string().optional() })
  .meta({ id: 'CustodyReconciliationPage' });

export const overviewSchema = z
  .object({
    halts: z.array(z.object({ asset, scope: z.string(), reason: z.string(), actor: z.string(), at: time })),
    houseAddresses: z.array(z.object({ asset, address: z.string() })),
    reconciliations: z.array(reconciliationSchema),
  })
  .meta({ id: 'CustodyOverview' });
