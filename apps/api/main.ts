import { loadConfig } from '@base/config';
import { serve } from '@base/http';
import { openProcess, runMain } from '@base/process';
import { apiConfig } from './config.js';
import { createApi } from './create-api.js';

await runMain(async () => {
  const config = loadConfig(apiConfig);
  const process = await openProcess('api', config);
  const app = await createApi(process, config);
  await serve(app, {
    port: config.API_PORT,
    logger: process.logger,
    close: () => process.close(),
  });
});
