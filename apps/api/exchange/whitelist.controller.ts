import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Database } from '@base/database';
import { Access, Caller, type CommandResult, Commands, type Customer, IdempotencyKey } from '@base/http';
import { CHAIN_ASSETS, KeepWhitelist, listWhitelist, type WhitelistEntry } from '@platform/custody';
import { type GivenStepUp, RequestStepUp, StepUp } from '@platform/identity';

const asset = z.enum(CHAIN_ASSETS);
const adding = z
  .strictObject({
    asset,
    name: z.string().trim().min(1).max(80).meta({ description: 'What you call it' }),
    destination: z.string().min(14).max(100).meta({ description: 'The address' }),
  })
  .meta({ id: 'WhitelistEntryToAdd' });
const entry = z
  .object({
    id: z.uuid().meta({ description: 'What the exchange calls `beneficiary`' }),
    asset,
    name: z.string(),
    destination: z.string(),
    usableAt: z.iso.datetime().meta({ description: 'Nothing is paid to it before' }),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'WhitelistEntry' });
const entries = z.object({ items: z.array(entry) }).meta({ id: 'Whitelist' });

/** Addresses that withdrawals from the exchange may go to. */
@ApiTags('Exchange')
@Controller('v1/whitelist')
export class WhitelistController {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly stepUp: StepUp,
    private readonly whitelist: KeepWhitelist,
  ) {}

  @Access('customer', { scope: 'view' })
  @Get()
  @ApiOkResponse({ standardSchema: entries })
  async list(@Caller() caller: Customer): Promise<z.infer<typeof entries>> {
    return { items: (await listWhitelist(this.database, caller.id)).map(present) };
  }

  /** By the owner in person: an API key cannot widen where its withdrawals may go. */
  @Access('customer', { scope: 'manage' })
  @Post()
  @ApiHeader({ name: 'X-Step-Up', description: 'Token of POST /v1/step-up for exactly this request', required: true })
  @ApiCreatedResponse({ standardSchema: entry })
  add(
    @Caller() caller: Customer,
    @IdempotencyKey() key: string,
    @Body({ schema: adding }) body: z.infer<typeof adding>,
    @RequestStepUp() stepUp: GivenStepUp,
  ): Promise<CommandResult> {
    const sessionId = caller.credential.kind === 'session' ? caller.credential.id : undefined;
    return this.commands.run({ owner: caller.id, key, operation: 'whitelist-address', request: body }, async (tx) => {
      await this.stepUp.demand(tx, { principalId: caller.id, sessionId }, stepUp);
      return { status: 201, body: present(await this.whitelist.add(tx, { customerId: caller.id, ...body })) };
    });
  }

  /** Narrows what is allowed, so it needs no step-up and takes effect at once. */
  @Access('customer', { scope: 'manage' })
  @Delete(':id')
  @HttpCode(204)
  @ApiNoContentResponse()
  async remove(@Caller() caller: Customer, @Param('id', { schema: z.uuid() }) id: string): Promise<void> {
    await this.database.transaction((tx) => this.whitelist.remove(tx, caller.id, id));
  }
}

const present = ({ id, asset: of, name, destination, usableAt, createdAt }: WhitelistEntry): z.infer<typeof entry> => ({
  id,
  asset: of,
  name,
  destination,
  usableAt: usableAt.toISOString(),
  createdAt: createdAt.toISOString(),
});
