import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { callNode } from './json-rpc.js';
import { ended, exited, letGo, repositoryRoot } from './spawn-node.js';

export interface BitcoinDevChainSettings {
  /** Where blocks and wallets are kept, to be found again by a later start; in memory when left out. */
  readonly folder?: string;
  /** A block each so many milliseconds; on request only when left out. */
  readonly blockIntervalMs?: number;
}

/**
 * A Bitcoin node for specs: the sandbox's dev chain (`apps/sandbox/README.md`) as a process of its own, which does not
 * outlive the test. On top of Bitcoin Core's calls it has `sandbox_faucet`, `sandbox_mine`, `sandbox_reorg` and others.
 */
export interface BitcoinTestNode {
  /** With user and password in it, for BITCOIN_RPC_URL. */
  readonly url: string;
  /** A call; throws a NodeError with Bitcoin Core's code. Parameters by position. */
  rpc<T = unknown>(method: string, ...params: readonly unknown[]): Promise<T>;
  /** Mines blocks and returns their hashes. */
  mine(blocks?: number): Promise<string[]>;
  /** Pays bitcoin, as a decimal string, to an address; returns the txid. Nothing is mined. */
  faucet(address: string, bitcoins: string): Promise<string>;
  /** Ends the process in good order. */
  close(): Promise<void>;
  /** Ends the process as a power cut would. */
  kill(): Promise<void>;
}

const STARTS_WITHIN_MS = 60_000;

/** Starts a dev chain on a free port and waits until it answers. */
export async function startBitcoinDevChain(settings: BitcoinDevChainSettings = {}): Promise<BitcoinTestNode> {
  const program = join(repositoryRoot(), 'dist/apps/sandbox/bitcoin/main.js');
  if (!existsSync(program)) throw new Error(`${program} is missing: npm run build`);
  const { folder, blockIntervalMs = 0 } = settings;
  const child = fork(program, {
    execArgv: [],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: {
      PATH: process.env['PATH'],
      BITCOIN_RPC_PORT: '0',
      BITCOIN_BLOCK_INTERVAL_MS: String(blockIntervalMs),
      ...(folder === undefined ? {} : { BITCOIN_DATA_DIR: folder }),
    },
  });
  const url = await readyUrl(child);
  const rpc = <T>(method: string, ...params: readonly unknown[]): Promise<T> => callNode<T>(url, method, params);
  return {
    url,
    rpc,
    mine: (blocks = 1) => rpc<string[]>('sandbox_mine', blocks),
    faucet: (address, bitcoins) => rpc<string>('sandbox_faucet', address, bitcoins),
    close: () => {
      child.kill('SIGTERM');
      return ended(child);
    },
    kill: () => {
      child.kill('SIGKILL');
      return ended(child);
    },
  };
}

/** The process says in one line of JSON that it is ready, and where. */
async function readyUrl(child: ChildProcess): Promise<string> {
  const late = setTimeout(() => child.kill('SIGKILL'), STARTS_WITHIN_MS);
  const lines = createInterface({ input: child.stdout! });
  const said = new Promise<string>((resolve) => lines.once('line', resolve));
  const line = await Promise.race([said, exited(child).then(() => undefined)]);
  clearTimeout(late);
  if (line === undefined) throw new Error('the Bitcoin dev chain ended before it was ready');
  letGo(child);
  const { url } = JSON.parse(line) as { url: string };
  return url;
}
