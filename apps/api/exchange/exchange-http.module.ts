import { Module, type Provider, type Type } from '@nestjs/common';
import { CLOCK, type Clock } from '@base/clock';
import { Database } from '@base/database';
import { Ledger } from '@platform/ledger';
import { MoveFromExchange, MoveToExchange } from '@products/venue';
import { ExchangeTransfersController } from './transfers.controller.js';
import { WhitelistController } from './whitelist.controller.js';

type Move = MoveToExchange | MoveFromExchange;

const move = (Of: Type<Move> & (new (database: Database, ledger: Ledger, clock: Clock) => Move)): Provider => ({
  provide: Of,
  useFactory: (database: Database, ledger: Ledger, clock: Clock) => new Of(database, ledger, clock),
  inject: [Database, Ledger, CLOCK],
});

/** A customer's money on the exchange, from the account's side: there and back, and where coins may leave to. */
@Module({
  controllers: [ExchangeTransfersController, WhitelistController],
  providers: [move(MoveToExchange), move(MoveFromExchange)],
})
export class ExchangeHttpModule {}
