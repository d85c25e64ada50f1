import { BitcoinNode } from './bitcoin-node.js';
import { chainCalls } from './calls-chain.js';
import { miningCalls } from './calls-mining.js';
import { poolCalls } from './calls-pool.js';
import { sandboxCalls } from './calls-sandbox.js';
import { type RpcMethod, RpcServer } from './rpc-server.js';
import { Turnstile } from './turnstile.js';

export interface DevChainOptions {
  /** Where the chain is kept between runs; in memory when left out. */
  readonly folder?: string;
  /** Of the JSON-RPC door; 0 takes a free one. */
  readonly port?: number;
  /** Loopback when left out. */
  readonly host?: string;
  readonly user?: string;
  readonly password?: string;
  /** A block each so many milliseconds; 0 mines on request only. */
  readonly blockIntervalMs?: number;
}

const LOOPBACK = '127.0.0.1';

/** A Bitcoin regtest node for sandboxes and tests: bcoin's consensus behind a door shaped like Bitcoin Core's. */
export class BitcoinDevChain {
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly node: BitcoinNode,
    private readonly server: RpcServer,
    private readonly turnstile: Turnstile,
  ) {}

  /** Opens the chain and its door. A fresh chain takes about a second, as segwit has to be mined active. */
  static async start(options: DevChainOptions = {}): Promise<BitcoinDevChain> {
    const { folder, port = 0, host = LOOPBACK, user = 'sandbox', password = 'sandbox', blockIntervalMs = 0 } = options;
    if (host !== LOOPBACK && options.password === undefined) {
      throw new Error(`listening on ${host} needs a password of your own: set BITCOIN_RPC_PASSWORD`);
    }
    const node = await BitcoinNode.open(folder);
    try {
      const turnstile = new Turnstile();
      const server = await RpcServer.listen({ port, host, user, password, methods: inTurn(allCalls(node), turnstile) });
      const chain = new BitcoinDevChain(node, server, turnstile);
      if (blockIntervalMs > 0) chain.mineEvery(blockIntervalMs);
      return chain;
    } catch (error) {
      await node.close();
      throw error;
    }
  }

  /** With user and password in it. */
  get url(): string {
    return this.server.url;
  }

  /** Stops mining, lets the call in progress finish, and closes the database. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.server.close();
    await this.turnstile.pass(() => this.node.close());
  }

  private mineEvery(intervalMs: number): void {
    const mine = (): Promise<string> => this.turnstile.pass(() => this.node.mine());
    this.timer = setInterval(
      () => void mine().catch((error: unknown) => process.emitWarning(String(error))),
      intervalMs,
    );
  }
}

function allCalls(node: BitcoinNode): Record<string, RpcMethod> {
  return { ...chainCalls(node), ...poolCalls(node), ...miningCalls(node), ...sandboxCalls(node) };
}

/** Each call sees the chain before or after another, never in between; Core holds its main lock the same way. */
function inTurn(calls: Readonly<Record<string, RpcMethod>>, turnstile: Turnstile): Record<string, RpcMethod> {
  const wrap = (call: RpcMethod): RpcMethod => ({
    params: call.params,
    run: (args) => turnstile.pass(() => Promise.resolve(call.run(args))),
  });
  return Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, wrap(call)]));
}
