import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { callNode } from './json-rpc.js';
import { ended, freePort, letGo, until } from './spawn-node.js';

export interface AnvilSettings {
  /** Where the state is kept, to be found again by a later start; written every second and at the end. */
  readonly stateFile?: string;
  /** Seconds between blocks. When left out every transaction is mined at once. */
  readonly blockTime?: number;
  /** False mines on request only. */
  readonly automine?: boolean;
}

/** An Ethereum node for specs, which does not outlive the test. Chain id 31337, ten accounts with 10 000 ether each. */
export interface AnvilTestNode {
  readonly url: string;
  readonly chainId: number;
  /** A call; throws a NodeError with the node's code. */
  rpc<T = unknown>(method: string, ...params: readonly unknown[]): Promise<T>;
  mine(blocks?: number): Promise<void>;
  /** Sets an account's balance, in wei. */
  setBalance(address: string, wei: bigint): Promise<void>;
  /** Replaces the last blocks by empty ones of the same number. Their transactions are gone, also from the pool. */
  reorg(depth: number): Promise<void>;
  /** Ends the process in good order; with a state file, after writing it. */
  close(): Promise<void>;
  /** Ends the process as a power cut would. */
  kill(): Promise<void>;
}

const CHAIN_ID = 31_337;
const STARTS_WITHIN_MS = 60_000;

/**
 * The program's input is our pipe: when this process is gone, however it went, the shell sees the end of it and ends
 * the program. SIGKILL cannot be passed on by a shell, so `kill` goes to the whole process group.
 */
const UNTIL_STDIN_CLOSES = 'exec 3<&0; "$0" "$@" 3<&- & node=$!; (cat <&3 >/dev/null; kill -TERM $node) & wait $node';

/** Starts anvil on a free port and waits until it answers. */
export async function startAnvil(settings: AnvilSettings = {}): Promise<AnvilTestNode> {
  const port = await freePort();
  const args = [
    '--quiet',
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--chain-id',
    String(CHAIN_ID),
    ...options(settings),
  ];
  const child = spawn('sh', ['-c', UNTIL_STDIN_CLOSES, anvilProgram(), ...args], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  const url = `http://127.0.0.1:${port}`;
  const rpc = <T>(method: string, ...params: readonly unknown[]): Promise<T> => callNode<T>(url, method, params);
  try {
    await until(() => rpc('eth_blockNumber'), child, STARTS_WITHIN_MS);
  } catch (error) {
    child.stdin.end();
    throw error;
  }
  letGo(child);
  return {
    url,
    chainId: CHAIN_ID,
    rpc,
    mine: async (blocks = 1) => void (await rpc('anvil_mine', hex(BigInt(blocks)))),
    setBalance: async (address, wei) => void (await rpc('anvil_setBalance', address, hex(wei))),
    reorg: async (depth) => void (await rpc('anvil_reorg', depth, [])),
    close: () => {
      child.stdin.end();
      return ended(child);
    },
    kill: () => {
      process.kill(-child.pid!, 'SIGKILL');
      return ended(child);
    },
  };
}

function options({ stateFile, blockTime, automine = true }: AnvilSettings): string[] {
  return [
    ...(stateFile === undefined ? [] : ['--state', stateFile, '--state-interval', '1']),
    ...(blockTime === undefined ? [] : ['--block-time', String(blockTime)]),
    ...(automine ? [] : ['--no-mining']),
  ];
}

/** The package's own wrapper only looks this file up and starts it. */
function anvilProgram(): string {
  const cpu = process.arch === 'x64' ? 'amd64' : process.arch;
  const manifest = `@foundry-rs/anvil-${process.platform}-${cpu}/package.json`;
  return join(dirname(createRequire(import.meta.url).resolve(manifest)), 'bin', 'anvil');
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;
