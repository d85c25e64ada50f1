import { type Database, type Tx } from '@base/database';
import { type ApplyBankLine } from './apply-bank-line.js';
import { type BankFact, type BankRail } from './bank-rail.js';
import { insertReportLines } from './card-payouts.js';
import { type CardFact, type CardProcessor, type FeedPage } from './card-processor.js';
import { type Chronicle } from './chronicle.js';
import { type Intake } from './intake.js';
import { readPosition, savePosition } from './outside-events.js';

const PAGE = 200;
/** A feed that has more than this is read on in the next round. */
const PAGES_MAX = 25;

/**
 * Reads what bank and processor have to tell from where it was last read, so that a webhook that never came changes nothing in the end. What webhooks brought
 * already is known and passes by.
 */
export class Poll {
  constructor(
    private readonly database: Database,
    private readonly chronicle: Chronicle,
  ) {}

  cardEvents(processor: CardProcessor, intake: Intake<CardFact>): Promise<void> {
    return this.#read('card-events', (from) => processor.eventsAfter(from, PAGE), async (events) => {
      for (const event of events) await intake.take(event, 'poll');
    }); // prettier-ignore
  }

  bankEvents(bank: BankRail, intake: Intake<BankFact>): Promise<void> {
    return this.#read('bank-events', (from) => bank.eventsAfter(from, PAGE), async (events) => {
      for (const event of events) await intake.take(event, 'poll');
    }); // prettier-ignore
  }

  /** Statement lines themselves, which are there even if no event ever told of them. */
  bankLines(bank: BankRail, apply: ApplyBankLine): Promise<void> {
    return this.#read('bank-lines', (from) => bank.linesAfter(from, PAGE), async (lines) => {
      for (const line of lines) await this.database.transaction((tx) => apply.run(tx, line));
    }); // prettier-ignore
  }

  cardReport(processor: CardProcessor): Promise<void> {
    return this.#read('card-report', (from) => processor.reportAfter(from, PAGE), async (lines) => {
      await this.database.transaction((tx) => insertReportLines(tx, lines, this.chronicle.now()));
    }); // prettier-ignore
  }

  async #read<Item>(
    feed: string,
    page: (from: bigint) => Promise<FeedPage<Item>>,
    take: (items: readonly Item[]) => Promise<void>,
  ): Promise<void> {
    let position = await readPosition(this.database, feed);
    for (let read = 0; read < PAGES_MAX; read += 1) {
      const { items, next } = await page(position);
      await take(items);
      if (next <= position) return;
      position = next;
      await this.database.transaction((tx: Tx) => savePosition(tx, feed, position));
    }
  }
}
