import { type DynamicModule, Module } from '@nestjs/common';
import { type SandboxClock } from '@base/clock';
import { SANDBOX_CLOCK, SandboxController } from './sandbox.controller.js';

@Module({})
export class SandboxHttpModule {
  /** Without a sandbox clock there is no sandbox, and nothing to serve. */
  static of(clock: SandboxClock | undefined): DynamicModule {
    if (!clock) return { module: SandboxHttpModule };
    return {
      module: SandboxHttpModule,
      controllers: [SandboxController],
      providers: [{ provide: SANDBOX_CLOCK, useValue: clock }],
    };
  }
}
