import { Module } from '@nestjs/common';
import { DeskCommands } from './desk-commands.js';
import { DeskController } from './desk.controller.js';
import { OrdersController } from './orders.controller.js';
import { PositionsController } from './positions.controller.js';

@Module({ controllers: [PositionsController, DeskController, OrdersController], providers: [DeskCommands] })
export class BrokerageHttpModule {}
