import { Module } from '@nestjs/common';
import { AuditedCommands } from './audited-commands.js';
import { BooksController } from './books.controller.js';
import { CardMoneyController } from './card-money.controller.js';
import { OutgoingController } from './outgoing.controller.js';
import { SuspenseController } from './suspense.controller.js';

@Module({
  controllers: [SuspenseController, CardMoneyController, OutgoingController, BooksController],
  providers: [AuditedCommands],
})
export class PaymentsHttpModule {}
