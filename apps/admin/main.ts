import { loadConfig } from '@base/config';
import { serve } from '@base/http';
import { openProcess, runMain } from '@base/process';
import { adminConfig } from './config.js';
import { createAdmin } from './create-admin.js';

await runMain(async () => {
  const config = loadConfig(adminConfig);
  const process = await openProcess('admin', config);
  const app = await createAdmin(process, config);
  await serve(app, {
    port: config.ADMIN_PORT,
    logger: process.logger,
    close: () => process.close(),
  });
});
