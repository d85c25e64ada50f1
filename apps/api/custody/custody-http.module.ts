import { Module } from '@nestjs/common';
import { AddressesController } from './addresses.controller.js';
import { DepositsController } from './deposits.controller.js';

@Module({ controllers: [AddressesController, DepositsController] })
export class CustodyHttpModule {}
