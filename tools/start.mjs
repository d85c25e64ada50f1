/** `npm start`: from a clean clone to a running platform. Everything it needs beyond Node it installs into the checkout. */
import { ensureBuilt } from './build.mjs';
import { homeFolder, lockHome, openHome } from './launcher/home.mjs';
import { ensureInstalled } from './launcher/install.mjs';

const say = (line) => console.log(line);
// Whoever read our output may leave (`npm start | head`); that is no reason to stop.
process.stdout.on('error', () => {});

try {
  const home = openHome(homeFolder());
  const { release, tookOver } = lockHome(home.folder);
  try {
    await ensureInstalled(say);
    await ensureBuilt(say);
    // Loaded only now: it needs packages that may just have been installed.
    const { launch } = await import('./launcher/launch.mjs');
    say(`starting; state in ${home.folder}`);
    process.exitCode = await launch({ home, tookOver, say });
  } finally {
    release();
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
