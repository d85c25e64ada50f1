import { Module } from '@nestjs/common';
import { AddressesController } from './addresses.controller.js';
import { DepositsController } from './deposits.controller.js';
import { WithdrawalsController } from './withdrawals.controller.js';

@Module({ controllers: [AddressesController, DepositsController, WithdrawalsController] })
export class CustodyHttpModule {}
