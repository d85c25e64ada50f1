import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { loadConfig } from '@base/config';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { openProcess, type Process } from '@base/process';
import { createTestIdentity, SPEC_TOKEN_KEY, type TestIdentity } from '@platform/identity/testing';
import { adminConfig } from '../config.js';
import { createAdmin } from '../create-admin.js';

export interface TestAdmin {
  readonly app: NestFastifyApplication;
  readonly db: TestDatabase;
  readonly process: Process;
  /** The same people, from behind. */
  readonly identity: TestIdentity;
  stop(): Promise<void>;
}

/** The operators' API as `main` builds it, on a database of its own; not listening, so call it by `app.inject`. */
export async function startAdmin(environment: Record<string, string> = {}): Promise<TestAdmin> {
  const db = await createTestDatabase({ max: 4 });
  const config = loadConfig(adminConfig, {
    DATABASE_URL: db.appUrl.reveal(),
    TOKEN_KEY: SPEC_TOKEN_KEY.reveal(),
    BANK_API_KEY: 'spec-bank-api-key-0',
    CARD_API_KEY: 'spec-card-api-key-0',
    SANDBOX: '1',
    LOG_LEVEL: 'silent',
    ...environment,
  });
  const process = await openProcess('admin', config, { connections: 10 });
  const app = await createAdmin(process, config);
  return {
    app,
    db,
    process,
    identity: createTestIdentity(process.database, process.clock),
    stop: async () => {
      await app.close();
      await process.close();
      await db.drop();
    },
  };
}
