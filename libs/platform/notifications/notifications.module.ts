import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CLOCK, type Clock } from '@base/clock';
import { type Secret } from '@base/config';
import { Outbox } from '@base/jobs';
import { emailSealer } from './email-sealer.js';
import { SendEmail } from './send-email.js';

/** Lets every module of an app send e-mail from its transactions; the worker delivers it. */
@Global()
@Module({})
export class NotificationsModule {
  static of(keys: { tokenKey: Secret; previousTokenKey?: Secret | undefined }): DynamicModule {
    const sealer = emailSealer(keys);
    return {
      module: NotificationsModule,
      providers: [
        {
          provide: SendEmail,
          useFactory: (outbox: Outbox, clock: Clock) => new SendEmail(outbox, sealer, clock),
          inject: [Outbox, CLOCK],
        },
      ],
      exports: [SendEmail],
    };
  }
}
