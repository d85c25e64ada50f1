import { runMain } from '@base/process';
import { runGateway } from './run-gateway.js';

await runMain(runGateway);
