import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { formatAmount } from '@core/money';
import { Access, Caller, type Customer } from '@base/http';
import { AllocateAddress, type ChainAsset, CUSTODY_SETTINGS, type CustodySettings } from '@platform/custody';
import { addressSchema, asset } from './schemas.js';

/** Where customers send coins to. */
@ApiTags('Custody')
@Access('customer', { scope: 'view' })
@Controller('v1/wallets')
export class AddressesController {
  constructor(
    private readonly addresses: AllocateAddress,
    @Inject(CUSTODY_SETTINGS) private readonly settings: CustodySettings,
  ) {}

  /** The customer's address, made on first use and theirs for good. */
  @Get(':asset/address')
  @ApiOkResponse({ standardSchema: addressSchema })
  async current(
    @Caller() caller: Customer,
    @Param('asset', { schema: asset }) of: ChainAsset,
  ): Promise<z.infer<typeof addressSchema>> {
    const { address, chainId } = await this.addresses.forCustomer(of, caller.id);
    return { asset: of, chain: chainId, address, minimum: formatAmount(this.settings.assets[of].minDeposit, of) };
  }
}
