/** `npm run reset`: forgets all data, keys and secrets of the local run. */
import { existsSync, rmSync } from 'node:fs';
import { homeFolder, isHome, lockHome, openHome } from './launcher/home.mjs';
import { forgetPostgres } from './services/postgres.mjs';

const folder = homeFolder();
try {
  if (!existsSync(folder)) console.log(`nothing to forget: there is no ${folder}`);
  else if (!isHome(folder)) throw new Error(`${folder} was not made by \`npm start\`; nothing is deleted`);
  else {
    const { socketFolder, path } = openHome(folder);
    lockHome(folder);
    forgetPostgres(path('postgres'));
    rmSync(socketFolder, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
    console.log(`forgotten: ${folder}`);
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
