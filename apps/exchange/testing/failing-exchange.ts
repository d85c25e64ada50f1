/**
 * The exchange as it is, with one place where it fails: `failing-exchange.js GAP TIMES` kills itself the TIMES-th time it gets there once it is
 * ready; `failing-exchange.js disk.sync TIMES` has a disk whose sync fails then.
 */
import { armFailpoint } from '@base/failpoints';
import { NodeDisk } from '@base/journal';
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
if (place !== 'disk.sync') armFailpoint(place, () => isIt() && process.kill(process.pid, 'SIGKILL'));
isReady = true;
