import { Module } from '@nestjs/common';
import { LedgerAccountsController } from './ledger-accounts.controller.js';
import { LedgerController } from './ledger.controller.js';

@Module({ controllers: [LedgerController, LedgerAccountsController] })
export class LedgerHttpModule {}
