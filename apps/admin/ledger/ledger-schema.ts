import { z } from 'zod';
import { type AssetCode, formatAmount } from '@core/money';
import {
  type AccountBalance,
  accountAt,
  type PostedTransfer,
  type Statement,
  type TrialBalance,
} from '@platform/ledger';

/** What operators see of the ledger: amounts in major units, signs as the books have them. */

export const accountPath = z
  .string()
  .max(120)
  .refine((path) => accountAt(path) !== undefined, 'must be type:asset or type:asset:owner')
  .meta({
    description: 'Path of an account',
    examples: ['customer_available:USD:0198a5c2-7c1e-7000-8000-000000000001'],
  });

const signed = z.string().meta({ description: 'Amount in major units; may be negative', examples: ['-12.50'] });

export const accountSchema = z
  .object({
    path: z.string(),
    type: z.string(),
    asset: z.string(),
    owner: z.uuid().nullable(),
    balance: signed,
    version: z.string(),
    status: z.enum(['open', 'frozen', 'closed']),
    floor: signed.nullable(),
  })
  .meta({ id: 'LedgerAccount' });
export const accountPage = z
  .object({ items: z.array(accountSchema), next: z.string().optional() })
  .meta({ id: 'LedgerAccountPage' });

export const presentAccount = (of: AccountBalance): z.infer<typeof accountSchema> => ({
  path: of.path,
  type: of.type,
  asset: of.asset,
  owner: of.owner,
  balance: formatAmount(of.balance, of.asset),
  version: of.version.toString(),
  status: of.status,
  floor: of.floor === null ? null : formatAmount(of.floor, of.asset),
});

export const transferSchema = z
  .object({
    id: z.uuid(),
    kind: z.string(),
    group: z.uuid().nullable(),
    reverses: z.uuid().nullable(),
    reversedBy: z.uuid().nullable(),
    effectiveAt: z.iso.datetime(),
    postedAt: z.iso.datetime(),
    meta: z.record(z.string(), z.unknown()).nullable(),
    entries: z.array(
      z.object({
        leg: z.int(),
        account: z.string(),
        side: z.enum(['debit', 'credit']),
        amount: z.string(),
        version: z.string(),
        balanceAfter: signed,
        hold: z.uuid().nullable(),
      }),
    ),
  })
  .meta({ id: 'LedgerTransfer' });
export const transferPage = z
  .object({ items: z.array(transferSchema), next: z.string().optional() })
  .meta({ id: 'LedgerTransferPage' });

export const presentTransfer = (of: PostedTransfer): z.infer<typeof transferSchema> => ({
  id: of.id,
  kind: of.kind,
  group: of.group,
  reverses: of.reverses,
  reversedBy: of.reversedBy,
  effectiveAt: of.effectiveAt.toISOString(),
  postedAt: of.postedAt.toISOString(),
  meta: of.meta,
  entries: of.entries.map((entry) => ({
    leg: entry.leg,
    account: entry.path,
    side: entry.amount > 0n ? 'debit' : 'credit',
    amount: formatAmount(entry.amount > 0n ? entry.amount : -entry.amount, entry.asset),
    version: entry.version.toString(),
    balanceAfter: formatAmount(entry.balanceAfter, entry.asset),
    hold: entry.hold,
  })),
});

export const statementSchema = z
  .object({
    account: z.string(),
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    opening: signed,
    closing: signed,
    lines: z.array(
      z.object({
        version: z.string(),
        transferId: z.uuid(),
        kind: z.string(),
        postedAt: z.iso.datetime(),
        effectiveAt: z.iso.datetime(),
        change: signed,
        balanceAfter: signed,
        hold: z.uuid().nullable(),
        group: z.uuid().nullable(),
      }),
    ),
    next: z.string().optional(),
  })
  .meta({ id: 'LedgerStatement' });

export function presentStatement(of: Statement, next: string | undefined): z.infer<typeof statementSchema> {
  const amount = (minor: bigint): string => formatAmount(minor, of.account.asset);
  return {
    account: of.account.path,
    from: of.period.from.toISOString(),
    to: of.period.to.toISOString(),
    opening: amount(of.opening),
    closing: amount(of.closing),
    lines: of.lines.map((line) => ({
      version: line.version.toString(),
      transferId: line.transferId,
      kind: line.kind,
      postedAt: line.postedAt.toISOString(),
      effectiveAt: line.effectiveAt.toISOString(),
      change: amount(line.change),
      balanceAfter: amount(line.balanceAfter),
      hold: line.hold,
      group: line.group,
    })),
    ...(next === undefined ? {} : { next }),
  };
}

export const trialBalanceSchema = z
  .object({
    isBalanced: z.boolean(),
    totals: z.record(z.string(), signed),
    lines: z.array(
      z.object({
        code: z.int(),
        type: z.string(),
        class: z.string(),
        asset: z.string(),
        accounts: z.string(),
        debit: z.string(),
        credit: z.string(),
      }),
    ),
  })
  .meta({ id: 'TrialBalance' });

export const presentTrialBalance = ({
  isBalanced,
  totals,
  lines,
}: TrialBalance): z.infer<typeof trialBalanceSchema> => ({
  isBalanced,
  totals: Object.fromEntries(
    Object.entries(totals).map(([asset, total]) => [asset, formatAmount(total, asset as AssetCode)]),
  ),
  lines: lines.map((line) => ({
    code: line.code,
    type: line.type,
    class: line.class,
    asset: line.asset,
    accounts: line.accounts.toString(),
    debit: formatAmount(line.debit, line.asset),
    credit: formatAmount(line.credit, line.asset),
  })),
});

export const integritySchema = z
  .object({
    violations: z.array(z.object({ invariant: z.string(), what: z.string() })),
    solvency: z.array(z.object({ asset: z.string(), claims: signed, cover: signed, surplus: signed })),
    overdue: z.array(z.object({ account: z.string(), balance: signed, overdue: signed })),
    head: z.object({ seq: z.string(), hash: z.string() }).nullable(),
  })
  .meta({ id: 'LedgerIntegrity' });

export const verificationSchema = z
  .object({
    blocks: z.int(),
    transfers: z.int(),
    entries: z.int(),
    faults: z.array(z.object({ block: z.string(), what: z.string() })),
    head: z.object({ seq: z.string(), hash: z.string() }).nullable(),
  })
  .meta({ id: 'LedgerVerification' });
