/** The exchange as it is, with one place where it dies: `failing-exchange.js GAP TIMES` kills itself the TIMES-th time it gets there. */
import { armFailpoint } from '@base/failpoints';
import { runExchange } from '../run-exchange.js';

const [, , gap = '', times = '1'] = process.argv;
let left = Number(times);
const exchange = await runExchange();
// Armed when it is ready, so that it is a client's command that gets there.
armFailpoint(gap, () => {
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
});
void exchange;
