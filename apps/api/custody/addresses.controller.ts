import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { formatAmount } from '@core/money';
import { Database, type Tx } from '@base/database';
import { Access, Caller, CommandResult, Commands, type Customer, IdempotencyKey } from '@base/http';
import { AllocateAddress, minimumDeposit, type OwnAddress } from '@platform/custody';

const asset = z.enum(['BTC', 'ETH']);
type ChainAsset = z.infer<typeof asset>;

const addressSchema = z
  .object({
    asset,
    chain: z.string(),
    address: z.string(),
    minimum: z.string().meta({ description: 'Less than this is not credited' }),
  })
  .meta({ id: 'DepositAddress' });

/** Where customers send coins to. */
@ApiTags('Custody')
@Controller('v1/wallets')
export class AddressesController {
  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly addresses: AllocateAddress,
  ) {}

  /** The present address, made on first use. */
  @Access('customer', { scope: 'view' })
  @Get(':asset/address')
  @ApiOkResponse({ standardSchema: addressSchema })
  current(
    @Caller() caller: Customer,
    @Param('asset', { schema: asset }) of: ChainAsset,
  ): Promise<z.infer<typeof addressSchema>> {
    return this.database.transaction(async (tx) =>
      this.#present(tx, of, await this.addresses.current(tx, of, caller.id)),
    );
  }

  /** A fresh address. The older ones stay the customer's for good; on Ethereum there is one only. */
  @Access('customer', { scope: 'transfer' })
  @Post(':asset/address')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: addressSchema })
  renew(
    @Caller() caller: Customer,
    @IdempotencyKey() key: string,
    @Param('asset', { schema: asset }) of: ChainAsset,
  ): Promise<CommandResult> {
    return this.commands.run(
      { owner: caller.id, key, operation: 'renew-address', request: { asset: of } },
      async (tx) => ({
        status: 200,
        body: await this.#present(tx, of, await this.addresses.renew(tx, of, caller.id)),
      }),
    );
  }

  async #present(tx: Tx, of: ChainAsset, own: OwnAddress): Promise<z.infer<typeof addressSchema>> {
    const min = await minimumDeposit(tx, of);
    return { asset: of, chain: own.chainId, address: own.address, minimum: formatAmount(min, of) };
  }
}
