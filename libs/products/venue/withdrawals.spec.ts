import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Clock, ManualClock, systemClock } from '@base/clock';
import { Events } from '@base/events';
import { Outbox } from '@base/jobs';
import { custodySettings, halt, KeepWhitelist, RequestWithdrawal, resume } from '@platform/custody';
import { account } from '@platform/ledger';
import { ContinueWithdrawal, findVenueWithdrawal, MOVE_ENDED, MoveFromExchange, MoveToExchange, type VenueWithdrawal, type VenueWithdrawalRequest, WithdrawFromExchange } from '@products/venue'; // prettier-ignore
import { VenueBench } from './testing/index.js';

/** Valid on the regression test network, and nobody's here (BIP-173). */
const OUTSIDE = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
const BITCOIN = 100_000_000n;

const settings = custodySettings({ network: 'regtest', ethereumChainId: 31_337n, sandbox: true });
let bench: VenueBench;
let events: Events;
let withdraw: WithdrawFromExchange;

beforeAll(async () => {
  bench = await VenueBench.open();
  const { database, ledger } = bench;
  await bench.books.database.owner.query(
    `INSERT INTO custody.fee_rate (chain_id, rate, at) VALUES ('bitcoin:regtest', 1000, $1), ('eip155:31337', 1000000007, $1)`,
    [systemClock.now()],
  );
  listen();
  withdraw = new WithdrawFromExchange(new MoveFromExchange(database, ledger, systemClock), settings, systemClock);
  bench.startSettler();
});
afterAll(async () => {
  await events.stop();
  await bench.close();
});

function continuingBy(clock: Clock): ContinueWithdrawal {
  const { database, ledger } = bench;
  const free = { assert: () => Promise.resolve() };
  return new ContinueWithdrawal(
    new RequestWithdrawal(ledger, free, new Outbox(database, clock), settings, clock),
    new MoveToExchange(database, ledger, clock),
    clock,
  );
}

function listen(): void {
  const { database, logger } = bench;
  const continuing = continuingBy(systemClock);
  events = new Events({ database, clock: systemClock, logger });
  events.consume({ consumer: 'spec', types: MOVE_ENDED, handle: (tx, event) => continuing.follow(tx, event) });
  events.start();
}

/** A trader with coins on the exchange and an address that may be paid. */
async function traderWith(
  units: bigint,
  asset: 'BTC' | 'ETH' = 'BTC',
  destination = OUTSIDE,
): Promise<{ customerId: string; whitelistId: string }> {
  const customerId = await bench.customer({ [asset]: units });
  await bench.moved('in', customerId, asset, units);
  const keep = new KeepWhitelist(settings, systemClock);
  const entry = await bench.database.transaction((tx) =>
    keep.add(tx, { customerId, asset, name: 'cold', destination }),
  );
  return { customerId, whitelistId: entry.id };
}

const asking = (
  given: Partial<VenueWithdrawalRequest> & Pick<VenueWithdrawalRequest, 'customerId' | 'whitelistId'>,
): Promise<VenueWithdrawal> =>
  bench.database.transaction((tx) =>
    withdraw.run(tx, { idempotencyKey: 'once', asset: 'BTC', amount: BITCOIN / 4n, available: BITCOIN, ...given }),
  );

const ended = ({ customerId, id }: VenueWithdrawal): Promise<VenueWithdrawal> =>
  bench.eventually(async () => {
    const now = await findVenueWithdrawal(bench.database, customerId, id);
    return now?.state === 'moving' ? undefined : now;
  });

describe('a withdrawal from the exchange', () => {
  it('takes amount and fee off the exchange and sets them aside for custody', async () => {
    const { customerId, whitelistId } = await traderWith(BITCOIN);
    const asked = await asking({ customerId, whitelistId });
    expect(asked).toMatchObject({ state: 'moving', amount: BITCOIN / 4n, fee: 141n, destination: OUTSIDE });
    expect((await asking({ customerId, whitelistId })).id).toBe(asked.id);
    expect(await ended(asked)).toMatchObject({ state: 'withdrawing', intentState: 'requested', reason: null });
    expect(await bench.onExchange(customerId, 'BTC')).toBe(BITCOIN - BITCOIN / 4n - 141n);
    expect(await bench.available(customerId, 'BTC')).toBe(0n);
    expect(await bench.ledger.balance(account('customer_hold', 'BTC', customerId))).toBe(BITCOIN / 4n + 141n);
  });

  it('pays out all there is when asked for all, rounding up to what the engine counts', async () => {
    const { customerId, whitelistId } = await traderWith(
      2n * 10n ** 18n,
      'ETH',
      '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
    );
    const asked = await asking({
      customerId,
      whitelistId,
      asset: 'ETH',
      amount: 10n ** 18n,
      available: 2n * 10n ** 18n,
    });
    const fee = 21_000n * 1_000_000_007n;
    expect(asked.fee).toBe(fee);
    expect(await ended(asked)).toMatchObject({ state: 'withdrawing', amount: 10n ** 18n });
    const left = await bench.onExchange(customerId, 'ETH');
    // A unit of the engine is 10^10 wei: what amount and fee do not fill of the last one is in the account.
    expect(left % 10n ** 10n).toBe(0n);
    expect(left + (await bench.available(customerId, 'ETH'))).toBe(10n ** 18n - fee);
    const all = await asking({
      customerId,
      whitelistId,
      idempotencyKey: 'all',
      asset: 'ETH',
      amount: 'all',
      available: left,
    });
    expect(await ended(all)).toMatchObject({ state: 'withdrawing', amount: left - fee });
    expect(await bench.onExchange(customerId, 'ETH')).toBe(0n);
  });

  it('is refused when the engine does not have the money, and nothing has moved', async () => {
    const { customerId, whitelistId } = await traderWith(BITCOIN / 10n);
    const asked = await asking({ customerId, whitelistId });
    expect(await ended(asked)).toMatchObject({ state: 'refused', reason: 'insufficient_funds' });
    expect(await bench.onExchange(customerId, 'BTC')).toBe(BITCOIN / 10n);
  });

  it('comes back to the exchange when custody will not pay it out', async () => {
    const { customerId, whitelistId } = await traderWith(BITCOIN);
    await bench.stopSettlers();
    const asked = await asking({ customerId, whitelistId });
    await bench.database.transaction((tx) => halt(tx, { asset: 'BTC', scope: 'withdrawals', reason: 'spec', actor: 'spec', at: systemClock.now() })); // prettier-ignore
    bench.startSettler();
    expect(await ended(asked)).toMatchObject({ state: 'returned', reason: 'asset_halted', intentState: null });
    await bench.eventually(async () => ((await bench.onExchange(customerId, 'BTC')) === BITCOIN ? true : undefined));
    expect(await bench.available(customerId, 'BTC')).toBe(0n);
    await expect(asking({ customerId, whitelistId, idempotencyKey: 'second' })).rejects.toMatchObject({ code: 'asset_halted' }); // prettier-ignore
    await bench.database.transaction((tx) => resume(tx, 'BTC'));
  });

  it('comes back when its address leaves the whitelist while the money is on its way', async () => {
    const { customerId, whitelistId } = await traderWith(BITCOIN);
    await bench.stopSettlers();
    const asked = await asking({ customerId, whitelistId });
    await bench.database.transaction((tx) => new KeepWhitelist(settings, systemClock).remove(tx, customerId, whitelistId)); // prettier-ignore
    bench.startSettler();
    expect(await ended(asked)).toMatchObject({ state: 'returned', reason: 'beneficiary_unknown', intentState: null });
    await bench.eventually(async () => ((await bench.onExchange(customerId, 'BTC')) === BITCOIN ? true : undefined));
  });

  it('is gone on with although its event was lost', async () => {
    const { customerId, whitelistId } = await traderWith(BITCOIN);
    await events.stop();
    const asked = await asking({ customerId, whitelistId });
    await bench.eventually(async () => ((await bench.available(customerId, 'BTC')) > 0n ? true : undefined));
    const failures: unknown[] = [];
    const sweepAt = async (ms: number): Promise<void> => {
      const clock = new ManualClock(new Date(systemClock.now().getTime() + ms));
      await continuingBy(clock).sweep(bench.database, (_, error) => failures.push(error));
    };
    await sweepAt(0);
    expect(await findVenueWithdrawal(bench.database, customerId, asked.id)).toMatchObject({ state: 'moving' });
    await sweepAt(60_000);
    expect(failures).toEqual([]);
    expect(await ended(asked)).toMatchObject({ state: 'withdrawing' });
    listen();
  });

  it('goes to addresses on the customer’s own whitelist only, and not before they have cooled off', async () => {
    const { customerId, whitelistId } = await traderWith(BITCOIN);
    const other = await traderWith(BITCOIN);
    const refusal = (code: string) => expect.objectContaining({ code }) as unknown;
    await expect(asking({ customerId, whitelistId: other.whitelistId })).rejects.toEqual(
      refusal('beneficiary_unknown'),
    );
    await expect(asking({ customerId, whitelistId, asset: 'ETH' })).rejects.toEqual(refusal('beneficiary_unknown'));
    await expect(asking({ customerId, whitelistId, amount: 1n })).rejects.toEqual(refusal('amount_too_small'));
    await expect(asking({ customerId, whitelistId, amount: BITCOIN })).rejects.toEqual(refusal('insufficient_funds'));
    const careful = new KeepWhitelist({ ...settings, whitelistCoolingOffMs: 60_000 }, systemClock);
    await bench.database.transaction((tx) => careful.remove(tx, customerId, whitelistId));
    await expect(asking({ customerId, whitelistId })).rejects.toEqual(refusal('beneficiary_unknown'));
    const again = await bench.database.transaction((tx) => careful.add(tx, { customerId, asset: 'BTC', name: 'cold', destination: OUTSIDE })); // prettier-ignore
    await expect(asking({ customerId, whitelistId: again.id })).rejects.toEqual(refusal('beneficiary_cooling_off'));
    await expect(
      bench.database.transaction((tx) =>
        careful.add(tx, { customerId, asset: 'BTC', name: 'twice', destination: OUTSIDE }),
      ),
    ).rejects.toEqual(refusal('whitelisted_already'));
    expect(await bench.onExchange(customerId, 'BTC')).toBe(BITCOIN);
  });
});
