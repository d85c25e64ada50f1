import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type AssetCode, formatAmount } from '@core/money';
import { CLOCK, type Clock } from '@base/clock';
import { Database } from '@base/database';
import { Access, Caller, type Customer } from '@base/http';
import { activeValueHolds, PAYMENTS, type Payments, referencesFor, refused, spaced, type ValueHold } from '@platform/payments'; // prettier-ignore
import { fiat } from './money.js';

const terms = z.object({
  method: z.enum(['card', 'bank-transfer', 'bank-withdrawal']),
  asset: fiat,
  min: z.string(),
  max: z.string().nullable(),
  fee: z.string(),
  settlement: z.enum(['INSTANT', 'REGULAR']),
  withdrawalHold: z.object({ firstUseHours: z.int(), laterHours: z.int() }).nullable(),
});
const methods = z.object({ items: z.array(terms) }).meta({ id: 'PaymentMethods' });
const instructions = z
  .object({
    asset: fiat,
    holder: z.string(),
    account: z.string(),
    reference: z.string().meta({ description: 'Without it nobody knows whose money it is' }),
    shown: z.string(),
  })
  .meta({ id: 'DepositInstructions' });
const hold = z
  .object({
    id: z.uuid(),
    asset: z.string(),
    amount: z.string(),
    reason: z.enum(['card_first_use', 'card_payment', 'bank_credit']),
    startsAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'ValueHold' });
const holds = z.object({ items: z.array(hold) }).meta({ id: 'ValueHolds' });

const HOUR_MS = 3_600_000;

/** How money comes in and goes out, and what of it has to stay for a while. */
@ApiTags('Payments')
@Access('customer', { scope: 'view' })
@Controller('v1/payments')
export class MethodsController {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PAYMENTS) private readonly payments: Payments,
  ) {}

  @Get('methods')
  @ApiOkResponse({ standardSchema: methods })
  methods(): z.infer<typeof methods> {
    return { items: fiat.options.flatMap((asset) => this.#methodsOf(asset)) };
  }

  /** Where to send a bank transfer. With `purpose`, the reference that was issued for that one thing. */
  @Get('deposit-instructions')
  @ApiOkResponse({ standardSchema: instructions })
  async depositInstructions(
    @Caller() caller: Customer,
    @Query({ schema: z.strictObject({ asset: fiat, purpose: z.uuid().optional() }) })
    query: { asset: z.infer<typeof fiat>; purpose?: string | undefined },
  ): Promise<z.infer<typeof instructions>> {
    const { account, holder } = await this.payments.ownAccounts.of(query.asset);
    const reference = await this.#reference(caller.id, query.purpose);
    return { asset: query.asset, holder, account, reference, shown: spaced(reference) };
  }

  @Get('holds')
  @ApiOkResponse({ standardSchema: holds })
  async holds(@Caller() caller: Customer): Promise<z.infer<typeof holds>> {
    const active = await activeValueHolds(this.database, caller.id, this.clock.now());
    return { items: active.map(presentHold) };
  }

  async #reference(customerId: string, purpose: string | undefined): Promise<string> {
    if (purpose === undefined) {
      return this.database.transaction((tx) => this.payments.depositReferences.standing(tx, customerId));
    }
    const [issued] = await referencesFor(this.database, customerId, purpose);
    if (issued === undefined) throw refused('reference_unknown', { field: 'purpose' });
    return issued;
  }

  #methodsOf(asset: z.infer<typeof fiat>): z.infer<typeof terms>[] {
    const { card, withdrawal } = this.payments.terms;
    const out: z.infer<typeof terms>[] = [
      { method: 'bank-transfer', asset, min: text(1n, asset), max: null, fee: text(0n, asset), settlement: 'REGULAR', withdrawalHold: null }, // prettier-ignore
    ];
    const byCard = card.limits[asset];
    if (byCard !== undefined) {
      const withdrawalHold = { firstUseHours: card.firstUseHoldMs / HOUR_MS, laterHours: card.holdMs / HOUR_MS };
      out.push({ method: 'card', asset, min: text(byCard.min, asset), max: text(byCard.max, asset), fee: text(0n, asset), settlement: 'INSTANT', withdrawalHold }); // prettier-ignore
    }
    const away = withdrawal.limits[asset];
    if (away !== undefined) {
      out.push({ method: 'bank-withdrawal', asset, min: text(away.min, asset), max: text(away.max, asset), fee: text(away.fee, asset), settlement: 'REGULAR', withdrawalHold: null }); // prettier-ignore
    }
    return out;
  }
}

const text = (minor: bigint, asset: AssetCode): string => formatAmount(minor, asset);

const presentHold = ({ id, asset, amount, reason, startsAt, expiresAt }: ValueHold): z.infer<typeof hold> => ({
  id,
  asset,
  amount: formatAmount(amount, asset),
  reason,
  startsAt: startsAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
});
