import { type AddressInfo } from 'node:net';
import { type OutsideServer, outsideServer } from '../outside/server.js';
import { Store } from '../outside/store.js';
import { Webhooks } from '../outside/webhooks.js';
import { addApiRoutes, addMoneyBackRoutes } from './api-routes.js';
import { wireThrough } from './bank-wire.js';
import { addHostedRoutes } from './hosted-routes.js';
import { CURRENCIES } from './objects.js';
import { Payouts } from './payouts.js';
import { Processor } from './processor.js';

export interface CardServerOptions {
  readonly apiKey: string;
  readonly webhookSecret: string;
  readonly webhookUrl?: string;
  readonly folder: string;
  /** The sandbox bank, through which payouts are wired to the merchant's nostro account. */
  readonly bankUrl?: string;
  /** How long the schemes take to answer a refund. */
  readonly refundMs?: number;
  /** How often everything settled is paid out; 0 for only when asked. */
  readonly payoutEveryMs?: number;
  readonly retryBaseMs?: number;
  /** The address under which browsers reach this process; its own one by default. */
  readonly publicUrl?: string;
}

export async function cardServer(options: CardServerOptions): Promise<OutsideServer> {
  const store = await Store.open(options.folder);
  const webhooks = new Webhooks(store, {
    url: options.webhookUrl,
    secret: options.webhookSecret,
    retryBaseMs: options.retryBaseMs,
  });
  const server = outsideServer({ apiKey: options.apiKey, store, webhooks });
  const processor = new Processor(store, webhooks);
  const wire = options.bankUrl === undefined ? undefined : wireThrough(options.bankUrl);
  const payouts = new Payouts(store, webhooks, processor, { folder: options.folder, wire });
  const origin = (): string =>
    options.publicUrl ?? `http://127.0.0.1:${(server.app.server.address() as AddressInfo).port}`;
  addApiRoutes(server, processor, origin);
  addMoneyBackRoutes(server, processor, payouts, options.refundMs ?? 300);
  addHostedRoutes(server, processor);
  keepPayingOut(server, payouts, options.payoutEveryMs ?? 0);
  return server;
}

const RESEND_MS = 2_000;

function keepPayingOut({ app, webhooks }: OutsideServer, payouts: Payouts, everyMs: number): void {
  const resend = setInterval(() => void payouts.send(), RESEND_MS).unref();
  const schedule = everyMs > 0 ? setInterval(() => void payAll(), everyMs).unref() : undefined;
  const payAll = async (): Promise<void> => {
    for (const currency of CURRENCIES) if (payouts.due(currency) > 0) payouts.create(currency);
    await webhooks.flush();
    await payouts.send();
  };
  app.addHook('onClose', (_instance, done) => {
    clearInterval(resend);
    clearInterval(schedule);
    done();
  });
}
