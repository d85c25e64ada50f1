import { type CommandEffects, type ExecutionReport } from '@core/venue-view';
import { type VenueFeed } from '../desk/venue-feed.js';
import { BalanceRows } from '../encode-balance.js';
import { balancesBody } from './encode-balances.js';
import { reportBody, tradingSnapshotBody } from './encode-report.js';
import { type ResumeCache } from './resume-cache.js';
import { SharedMessage } from './shared-message.js';
import { Topic } from './topic.js';
import { type Turn } from './turn.js';

/**
 * The channels of one account: its reports and its balances. Topics are by the engine's account number, so what is another's has no way to a connection
 * that is not authenticated for it. Reports are told in the order of their execution ids; balances once a turn, complete.
 */
export class PrivateData {
  readonly #trading = new Map<number, Topic>();
  readonly #balances = new Map<number, Topic>();
  readonly #rows = new Map<number, BalanceRows>();
  readonly #moved = new Set<number>();

  constructor(private readonly parts: { readonly feed: VenueFeed; readonly cache: ResumeCache; readonly turn: Turn }) {}

  tradingTopic = (account: number): Topic => topicOf(this.#trading, 'trading', account);

  balancesTopic = (account: number): Topic => topicOf(this.#balances, 'balances', account);

  tradingSnapshot(account: number): SharedMessage {
    const { feed } = this.parts;
    const orders = feed.openOrders(account).flatMap((order) => {
      const instrument = feed.instrumentOf(order.instrument);
      return instrument === undefined ? [] : [[order, instrument] as const];
    });
    return new SharedMessage(tradingSnapshotBody(orders), feed.position.sequence);
  }

  balancesSnapshot(account: number): SharedMessage {
    const { feed } = this.parts;
    const rows = this.#rows.get(account) ?? new BalanceRows();
    // Kept for those who are told of it again.
    if (this.#balances.has(account)) this.#rows.set(account, rows);
    return new SharedMessage(balancesBody(feed, account, rows), feed.position.sequence);
  }

  /** Undefined when the instrument is not known to this process. */
  reportMessage(report: ExecutionReport): SharedMessage | undefined {
    const instrument = this.parts.feed.instrumentOf(report.order.instrument);
    return instrument && new SharedMessage(() => reportBody(report, instrument), report.sequence);
  }

  apply({ reports, balances }: CommandEffects): void {
    for (const report of inOrder(reports)) {
      // A refused order is told to the connection that entered it, by its own answer: it never was an order of the account's.
      if (report.kind !== 'rejected') this.#say(report);
    }
    for (const { account } of balances) {
      if ((this.#balances.get(account)?.subscriptions.size ?? 0) > 0) this.#moved.add(account);
    }
    if (this.#moved.size > 0) this.parts.turn.before(this.#sayBalances);
  }

  rebuilt(): void {
    for (const [account, topic] of this.#trading) {
      if (topic.subscriptions.size > 0) topic.snapshot(this.tradingSnapshot(account));
    }
    for (const [account, topic] of this.#balances) {
      if (topic.subscriptions.size > 0) topic.snapshot(this.balancesSnapshot(account));
    }
  }

  /** Nobody listens any more: then the topic is forgotten, so that accounts that come and go cost nothing. */
  release(topic: Topic): void {
    if (topic.subscriptions.size > 0) return;
    for (const topics of [this.#trading, this.#balances]) {
      const account = Number(topic.key.slice(topic.key.indexOf(' ') + 1));
      if (topics.get(account) !== topic) continue;
      topics.delete(account);
      if (topics === this.#balances) this.#rows.delete(account);
    }
  }

  #say(report: ExecutionReport): void {
    const message = this.reportMessage(report);
    if (message === undefined) return;
    const placed = { position: report.executionId, message };
    this.parts.cache.add(`trading ${report.account}`, placed);
    this.#trading.get(report.account)?.each(placed);
  }

  readonly #sayBalances = (): void => {
    for (const account of this.#moved) {
      const topic = this.#balances.get(account);
      if (topic !== undefined && topic.subscriptions.size > 0) topic.latest(this.balancesSnapshot(account));
    }
    this.#moved.clear();
  };
}

/** In the order of execution ids, in which they nearly always are. */
function inOrder(reports: readonly ExecutionReport[]): readonly ExecutionReport[] {
  for (let k = 1; k < reports.length; k += 1) {
    if ((reports[k - 1] as ExecutionReport).executionId > (reports[k] as ExecutionReport).executionId)
      return [...reports].sort((a, b) => (a.executionId < b.executionId ? -1 : 1));
  }
  return reports;
}

function topicOf(topics: Map<number, Topic>, channel: string, account: number): Topic {
  const known = topics.get(account);
  if (known !== undefined) return known;
  const topic = new Topic(`${channel} ${account}`);
  topics.set(account, topic);
  return topic;
}
