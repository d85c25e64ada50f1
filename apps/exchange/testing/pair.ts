import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Promotion } from '@platform/venue-link';
import { secretOf } from './client.js';
import { ExchangeProcess } from './exchange-process.js';
import { FailoverLoad } from './failover-load.js';
import { funding, listing } from './opening.js';

const PATIENCE_MS = 60_000;
const TOOL = join(import.meta.dirname, '../../../dist/apps/exchange/promote-cli.js');

/** A primary and its follower, as two real processes. */
export class Pair {
  readonly one: ExchangeProcess;
  readonly other: ExchangeProcess;
  readonly load: FailoverLoad;

  constructor(environment: Record<string, string> = {}) {
    const shared = { EXCHANGE_HEARTBEAT_MS: '200', ...environment };
    this.one = new ExchangeProcess(shared);
    this.other = new ExchangeProcess({ ...shared, EXCHANGE_FOLLOWS: this.one.address.path });
    this.load = new FailoverLoad([this.one.address, this.other.address]);
  }

  /** Both, the one followed by the other, with an instrument and funded customers. */
  async start(): Promise<void> {
    await Promise.all([this.one.start(), this.other.start()]);
    await said(this.other, 'following the primary');
    await this.open();
  }

  async open(): Promise<void> {
    const operator = await this.one.connect('operator');
    await operator.do(listing);
    const settlement = await this.one.connect('settlement');
    await settlement.do(funding);
    for (const { link } of [operator, settlement]) link.close();
  }

  forget(): Promise<unknown> {
    this.load.abandon();
    return Promise.all([this.one.forget(), this.other.forget()]);
  }
}

export async function promote(follower: ExchangeProcess, isForced = false): Promise<Promotion> {
  const operator = await follower.connect('operator');
  const promotion = await operator.link.promote(isForced);
  operator.link.close();
  return promotion;
}

/** `npm run exchange:promote` as an operator runs it. */
export async function promoteByTool(
  process: ExchangeProcess,
  ...args: string[]
): Promise<{ code: number; said: string }> {
  const env = { EXCHANGE_OPERATOR_KEY: secretOf('operator').reveal() };
  return new Promise((resolve) => {
    execFile(execPath, [TOOL, process.address.path, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), said: stdout + stderr }),
    );
  });
}

/** Waits until the process has said this, after `from` characters of what it has said. */
export async function said(process: ExchangeProcess, text: string, from = 0): Promise<void> {
  for (const start = Date.now(); !process.output.slice(from).includes(text); await sleep(5)) {
    if (Date.now() - start > PATIENCE_MS) throw new Error(`it has not said “${text}”: ${process.output}`);
  }
}
