import { type DynamicModule, Global, Module } from '@nestjs/common';
import { type Pricing } from './create-pricing.js';
import { MinuteCloses, Volatility } from './minute-closes.js';
import { PriceHalts } from './price-halts.js';
import { Prices } from './prices.js';

/** The process's prices by class, for the modules of an app. */
@Global()
@Module({})
export class PricingModule {
  static of({ prices, volatility, closes, halts }: Pricing): DynamicModule {
    const providers = [
      { provide: Prices, useValue: prices },
      { provide: Volatility, useValue: volatility },
      { provide: MinuteCloses, useValue: closes },
      { provide: PriceHalts, useValue: halts },
    ];
    return { module: PricingModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}
