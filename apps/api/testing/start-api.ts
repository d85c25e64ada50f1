import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { loadConfig } from '@base/config';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { openProcess, type Process } from '@base/process';
import { createTestIdentity, SPEC_TOKEN_KEY, type TestIdentity } from '@platform/identity/testing';
import { apiConfig } from '../config.js';
import { createApi } from '../create-api.js';

export interface TestApi {
  readonly app: NestFastifyApplication;
  readonly db: TestDatabase;
  readonly process: Process;
  /** The same customers, from behind. */
  readonly identity: TestIdentity;
  stop(): Promise<void>;
}

/** All that the API needs to start on this database, whether here or as a process of its own. */
export const specEnvironment = (db: TestDatabase): Record<string, string> => ({
  DATABASE_URL: db.appUrl.reveal(),
  TOKEN_KEY: SPEC_TOKEN_KEY.reveal(),
  QUOTE_SIGNING_KEY: 'a key that signs the quotes of specs',
  SANDBOX: '1',
  LOG_LEVEL: 'silent',
  BANK_API_KEY: 'spec-bank-key-4711',
  BANK_WEBHOOK_SECRET: 'spec-bank-hook-4712',
  CARD_API_KEY: 'spec-card-key-4713',
  CARD_WEBHOOK_SECRET: 'spec-card-hook-4714',
});

/** The customers' API as `main` builds it, on a database of its own; not listening, so call it by `app.inject`. */
export async function startApi(
  environment: Record<string, string> = {},
  options: { acquireTimeoutMs?: number } = {},
): Promise<TestApi> {
  const db = await createTestDatabase({ max: 4 });
  const config = loadConfig(apiConfig, { ...specEnvironment(db), ...environment });
  const process = await openProcess('api', config, { connections: 10, ...options });
  const app = await createApi(process, config);
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
