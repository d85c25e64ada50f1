import { afterEach, describe, expect, test } from '@jest/globals';
import { GAPS } from '../gaps.js';
import { ExchangeProcess } from '../testing/exchange-process.js';
import { KillRounds } from '../testing/kill-rounds.js';

const ROUNDS = Number(process.env['KILLS'] ?? (process.env['TORTURE'] === '1' ? 1_000 : 4));
const COMPARE_EVERY = 50;
const HOUR_MS = 3_600_000;

describe('the exchange, killed', () => {
  let exchange: ExchangeProcess;
  afterEach(() => exchange.forget());

  test(
    `A2: ${ROUNDS} SIGKILLs under load lose nothing acknowledged, apply nothing twice, and leave what a replay from the first command comes to`,
    async () => {
      exchange = new ExchangeProcess({ EXCHANGE_SNAPSHOT_COMMANDS: '700' });
      const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
      const rounds = new KillRounds(exchange, seed);
      for (let round = 1; round <= ROUNDS; round += 1) {
        await rounds.round();
        if (round % COMPARE_EVERY === 0) rounds.compareReplays();
        if (rounds.faults.length > 0) break;
      }
      await rounds.end();
      expect({ seed, faults: rounds.faults }).toEqual({ seed, faults: [] });
      expect(rounds.acknowledged.size).toBeGreaterThan(ROUNDS);
    },
    HOUR_MS,
  );

  test('A3: killed between journal, engine, disk and sockets it acknowledges nothing that is not there afterwards, and repeats nothing', async () => {
    exchange = new ExchangeProcess({ EXCHANGE_JOURNAL_MODE: 'inline', EXCHANGE_SNAPSHOT_COMMANDS: '300' });
    const rounds = new KillRounds(exchange, 3);
    for (const [place, name] of GAPS.entries()) await rounds.round({ name, times: 5 + 3 * place });
    await rounds.end();
    expect(rounds.faults).toEqual([]);
    expect(rounds.acknowledged.size).toBeGreaterThan(GAPS.length);
  });
});
