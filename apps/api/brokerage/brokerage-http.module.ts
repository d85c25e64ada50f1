import { Module } from '@nestjs/common';
import { MarketController } from './market.controller.js';
import { OrdersController } from './orders.controller.js';
import { PortfolioController } from './portfolio.controller.js';
import { QuotesController } from './quotes.controller.js';

@Module({ controllers: [MarketController, QuotesController, OrdersController, PortfolioController] })
export class BrokerageHttpModule {}
