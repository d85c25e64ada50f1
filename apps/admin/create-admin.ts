import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '@base/http';
import { type Process } from '@base/process';
import { Authenticate, operatorAuthenticator } from '@platform/identity';
import { AppModule } from './app.module.js';
import { type AdminConfig } from './config.js';

/** The operators' API as `main` serves it and as specs call it. */
export function createAdmin(process: Process, config: AdminConfig): Promise<NestFastifyApplication> {
  const authenticate = new Authenticate(process.database, process.clock);
  return createHttpApp({
    title: 'Strongroom operators',
    module: AppModule.of(process, config),
    // In a sandbox the demo operator signs in with a password alone; anywhere else rights need an authenticator app.
    authenticator: operatorAuthenticator(authenticate, { secondFactorRequired: !config.SANDBOX }),
    readiness: { database: () => process.ready() },
    sandbox: config.SANDBOX,
    logger: process.logger,
  });
}
