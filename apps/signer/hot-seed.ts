import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gatherEntropy, type KeyWrapper, openSeed, sealSeed, type SeedLabel } from '@platform/keys';

const LABEL: SeedLabel = { walletId: 'hot', purpose: 'seed' };
const FILE = 'hot-seed.json';

export class SeedMissing extends Error {
  override readonly name = 'SeedMissing';
}

/** Entropy of the sealed hot seed. @throws SeedMissing when there is none, KeyWrapperError when it does not open. */
export async function readHotSeed(folder: string, wrapper: KeyWrapper): Promise<Uint8Array> {
  let file: string;
  try {
    file = await readFile(join(folder, FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new SeedMissing(`no ${FILE} in the hot key folder: make one with \`signer init\``);
  }
  return openSeed(JSON.parse(file), LABEL, wrapper);
}

/** Makes a new hot seed. Never overwrites one: losing it loses every coin that it holds. */
export async function createHotSeed(folder: string, wrapper: KeyWrapper): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const entropy = gatherEntropy();
  const sealed = JSON.stringify(await sealSeed(entropy, LABEL, wrapper), null, 2);
  entropy.fill(0);
  await writeNew(join(folder, FILE), `${sealed}\n`);
}

/** Writes a file that must not exist yet, so that after a power cut it is there whole or not at all. */
async function writeNew(path: string, text: string): Promise<void> {
  const reserved = await open(path, 'wx', 0o600);
  try {
    const scratch = await open(`${path}.new`, 'w', 0o600);
    await scratch.writeFile(text);
    await scratch.sync();
    await scratch.close();
    await rename(`${path}.new`, path);
  } finally {
    await reserved.close();
  }
  const folder = await open(dirname(path), 'r');
  await folder.sync();
  await folder.close();
}
