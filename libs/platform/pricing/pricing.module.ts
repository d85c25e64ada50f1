import { type DynamicModule, Global, Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common'; // prettier-ignore
import { type Pricing } from './create-pricing.js';
import { MinuteCloses, Volatility } from './minute-closes.js';
import { PriceHalts } from './price-halts.js';
import { Prices } from './prices.js';

const PRICING = Symbol('pricing');

/** The process's prices by class, for the modules of an app; connected to the sources while the app runs. */
@Global()
@Module({})
export class PricingModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(@Inject(PRICING) private readonly pricing: Pricing) {}

  static of(pricing: Pricing): DynamicModule {
    const providers = [
      { provide: Prices, useValue: pricing.prices },
      { provide: Volatility, useValue: pricing.volatility },
      { provide: MinuteCloses, useValue: pricing.closes },
      { provide: PriceHalts, useValue: pricing.halts },
    ];
    return {
      module: PricingModule,
      providers: [{ provide: PRICING, useValue: pricing }, ...providers],
      exports: providers.map(({ provide }) => provide),
    };
  }

  onApplicationBootstrap(): Promise<void> {
    return this.pricing.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.pricing.stop();
  }
}
