import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '@base/http';
import { type Process } from '@base/process';
import { Authenticate, customerAuthenticator } from '@platform/identity';
import { AppModule } from './app.module.js';
import { type ApiConfig } from './config.js';

/** The customers' API as `main` serves it and as specs call it. */
export function createApi(process: Process, config: ApiConfig): Promise<NestFastifyApplication> {
  return createHttpApp({
    title: 'Strongroom',
    module: AppModule.of(process, config),
    authenticator: customerAuthenticator(new Authenticate(process.database, process.clock)),
    readiness: { database: () => process.ready() },
    sandbox: config.SANDBOX,
    logger: process.logger,
  });
}
