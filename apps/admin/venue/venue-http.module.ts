import { type DynamicModule, Module } from '@nestjs/common';
import { CLOCK, type Clock } from '@base/clock';
import { Database } from '@base/database';
import { Events } from '@base/events';
import { Audit } from '@platform/audit';
import { BustTrade, OperateVenue, OperatorLink, type OperatorSettings } from '@products/venue';
import { BustsController } from './busts.controller.js';
import { InstrumentsController } from './instruments.controller.js';
import { SurveillanceController } from './surveillance.controller.js';
import { VenueController } from './venue.controller.js';
import { VenueOrders } from './venue-orders.js';
import { VenueViewsController } from './venue-views.controller.js';

@Module({})
export class VenueHttpModule {
  /** @param settings undefined where there is no exchange: its views are served, its commands answered with 503 */
  static of(settings: OperatorSettings | undefined): DynamicModule {
    const link = settings && new OperatorLink(settings);
    return {
      module: VenueHttpModule,
      controllers: [
        InstrumentsController,
        VenueController,
        VenueViewsController,
        BustsController,
        SurveillanceController,
      ],
      providers: [
        {
          provide: OperateVenue,
          useFactory: (database: Database, audit: Audit, clock: Clock) =>
            new OperateVenue(database, link, audit, clock),
          inject: [Database, Audit, CLOCK],
        },
        {
          provide: BustTrade,
          useFactory: (database: Database, events: Events, clock: Clock) => new BustTrade(database, events, clock),
          inject: [Database, Events, CLOCK],
        },
        VenueOrders,
      ],
    };
  }
}
