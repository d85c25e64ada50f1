import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Database } from '@base/database';
import { Access, Caller, type CommandResult, Commands, type Customer, IdempotencyKey } from '@base/http';
import { type Card, CARD_PROCESSOR, type CardProcessor, describeToken, listCards, PAYMENTS, type Payments } from '@platform/payments'; // prettier-ignore

const saving = z
  .strictObject({
    token: z
      .string()
      .regex(/^tok_[A-Za-z0-9]{8,64}$/, 'must be a token of the card processor, never a card number')
      .meta({ description: 'From the card processor’s page; a card number is never sent here' }),
  })
  .meta({ id: 'CardToSave' });
const card = z
  .object({
    id: z.uuid(),
    brand: z.string(),
    last4: z.string(),
    expiryMonth: z.int(),
    expiryYear: z.int(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Card' });
const cards = z.object({ items: z.array(card) }).meta({ id: 'Cards' });

/** Saved cards: tokens of the processor, and what people know a card by. */
@ApiTags('Payments')
@Controller('v1/payments/cards')
export class CardsController {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    @Inject(PAYMENTS) private readonly payments: Payments,
    @Inject(CARD_PROCESSOR) private readonly processor: CardProcessor,
  ) {}

  @Access('customer', { scope: 'view' })
  @Get()
  @ApiOkResponse({ standardSchema: cards })
  async list(@Caller() caller: Customer): Promise<z.infer<typeof cards>> {
    return { items: (await listCards(this.database, caller.id)).map(present) };
  }

  @Access('customer', { scope: 'manage' })
  @Post()
  @ApiCreatedResponse({ standardSchema: card })
  async save(
    @Caller() caller: Customer,
    @IdempotencyKey() key: string,
    @Body({ schema: saving }) body: z.infer<typeof saving>,
  ): Promise<CommandResult> {
    const described = await describeToken(this.processor, body.token);
    return this.commands.run({ owner: caller.id, key, operation: 'save-card', request: body }, async (tx) => ({
      status: 201,
      body: present(await this.payments.cards.save(tx, caller.id, described)),
    }));
  }

  @Access('customer', { scope: 'manage' })
  @Delete(':id')
  @HttpCode(204)
  @ApiNoContentResponse()
  async remove(@Caller() caller: Customer, @Param('id', { schema: z.uuid() }) id: string): Promise<void> {
    await this.database.transaction((tx) => this.payments.cards.remove(tx, caller.id, id));
  }
}

const present = ({ id, brand, last4, expiryMonth, expiryYear, createdAt }: Card): z.infer<typeof card> => ({
  id,
  brand,
  last4,
  expiryMonth,
  expiryYear,
  createdAt: createdAt.toISOString(),
});
