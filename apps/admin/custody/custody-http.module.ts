import { Module } from '@nestjs/common';
import { CustodyController } from './custody.controller.js';
import { WithdrawalsController } from './withdrawals.controller.js';

@Module({ controllers: [CustodyController, WithdrawalsController] })
export class CustodyHttpModule {}
