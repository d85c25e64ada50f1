import { Global, Module } from '@nestjs/common';
import { CLOCK, type Clock } from '@base/clock';
import { Audit } from './audit.js';

@Global()
@Module({
  providers: [{ provide: Audit, useFactory: (clock: Clock) => new Audit(clock), inject: [CLOCK] }],
  exports: [Audit],
})
export class AuditModule {}
