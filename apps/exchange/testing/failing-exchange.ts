/**
 * The exchange as it is, with one place where it fails: `failing-exchange.js GAP TIMES` kills itself the TIMES-th time it gets there once it is
 * ready; `failing-exchange.js disk.sync TIMES` has a disk whose sync fails then; `failing-exchange.js exchange.follower-applies TIMES` is a follower
 * whose memory is damaged then: one order is larger than its journal says.
 */
import { armFailpoint } from '@base/failpoints';
import { NodeDisk } from '@base/journal';
import { engineCommands } from '@core/contracts';
import { commandBuffer } from '@core/matching';
import { runExchange } from '../run-exchange.js';

const [, , place = '', times = '1'] = process.argv;
let left = Number(times);
let isReady = false;
const isIt = (): boolean => isReady && --left === 0;

class FailingDisk extends NodeDisk {
  override sync(file: number): void {
    if (isIt()) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
    super.sync(file);
  }
}

await runExchange(place === 'disk.sync' ? { disk: new FailingDisk(), mode: 'inline' } : {});
if (place === 'exchange.follower-applies') armFailpoint(place, enlargeOrder);
else if (place !== 'disk.sync') armFailpoint(place, () => isIt() && process.kill(process.pid, 'SIGKILL'));
isReady = true;

/** The first batch that begins with an order, once it is time. */
function enlargeOrder(): void {
  const { code, at } = engineCommands.messages.place;
  if (commandBuffer[2] === code && isIt()) commandBuffer[at.quantity] = (commandBuffer[at.quantity] ?? 0) + 1;
}
