import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Transaction } from 'bitcoinjs-lib';
import { type SignerRefusalCode, type SignRequest } from '@core/contracts';
import { readSignedTransfer } from '@core/wallet';
import { ETHEREUM_HOT } from './hot-keyring.js';
import { SANDBOX_LIMITS } from './limits.js';
import { BITCOIN_PAYEE, ETHEREUM_PAYEE, SigningRoom } from './testing/signing-room.js';

let room: SigningRoom;
beforeEach(async () => {
  room = await SigningRoom.open();
});
afterEach(() => room.close());

async function signs(request: SignRequest): Promise<{ raw: string; txid: string; logLength: number }> {
  const response = await room.signer.handle(request);
  if (response.type !== 'signed') throw new Error(JSON.stringify(response));
  return response;
}

async function refuses(request: unknown, refusal: SignerRefusalCode): Promise<void> {
  const before = room.log.length;
  expect(await room.signer.handle(request)).toMatchObject({ type: 'refused', refusal });
  expect(room.log.length).toBe(before);
}

describe('what the signer signs', () => {
  it('pays a Bitcoin destination exactly, with change to us', async () => {
    const signed = await signs(room.bitcoinRequest());
    const outputs = Transaction.fromHex(signed.raw).outs;
    expect(outputs.map(({ value }) => value)).toEqual([100_000n, 49_000n]);
  });

  it('pays an Ethereum destination exactly, from the hot address', async () => {
    const signed = await signs(room.ethereumRequest());
    const { transfer, from } = readSignedTransfer(signed.raw);
    expect(transfer).toMatchObject({ to: ETHEREUM_PAYEE, value: 10n ** 18n, chainId: 31337n });
    expect(from).toBe(room.keyring.ethereumAddress(ETHEREUM_HOT));
  });

  it('sweeps a deposit address to the hot address and nowhere else', async () => {
    const hot = room.keyring.ethereumAddress(ETHEREUM_HOT);
    const sweep = (to: string): SignRequest =>
      room.ethereumRequest({ to, nonce: 0 }, room.ethereumTicket({ purpose: 'sweep', destination: to }), 1, {
        branch: 0,
        index: 7,
      });
    const { from } = readSignedTransfer((await signs(sweep(hot))).raw);
    expect(from).toBe(room.keyring.ethereumAddress({ branch: 0, index: 7 }));
    await refuses(sweep(ETHEREUM_PAYEE), 'wrong_destination');
    await refuses(sweep(room.keyring.ethereumAddress({ branch: 0, index: 8 })), 'wrong_destination');
  });
});

describe('one signature per intent and attempt', () => {
  it('gives the same request the stored signature, also after a restart and after the ticket has expired', async () => {
    const request = room.bitcoinRequest();
    const first = await signs(request);
    expect(await signs(request)).toEqual({ ...first, id: request.id });
    room.now += 7 * 86_400_000;
    await room.restart();
    expect(await signs(request)).toMatchObject({ raw: first.raw, txid: first.txid });
    expect(room.log.length).toBe(1);
  });

  it('refuses another transaction for an attempt that was signed', async () => {
    const ticket = room.ticket();
    const coin = room.coin();
    await signs(room.bitcoinRequest({ inputs: [coin] }, ticket));
    await refuses(
      room.bitcoinRequest({ inputs: [coin], outputs: [room.payment(), room.change(48_000n)] }, ticket),
      'attempt_changed',
    );
  });

  it('W1: signs a later attempt only when it conflicts with every earlier one', async () => {
    const ticket = room.ticket();
    const [a, b, c] = [room.coin(), room.coin(), room.coin()];
    await signs(room.bitcoinRequest({ inputs: [a] }, ticket));
    await refuses(room.bitcoinRequest({ inputs: [b] }, ticket, 2), 'attempt_does_not_conflict');
    await signs(room.bitcoinRequest({ inputs: [a, b], outputs: [room.payment(), room.change(195_000n)] }, ticket, 2));
    // Shares a coin with attempt 2 but not with attempt 1: both 1 and 3 could be mined.
    await refuses(
      room.bitcoinRequest({ inputs: [b, c], outputs: [room.payment(), room.change(190_000n)] }, ticket, 3),
      'attempt_does_not_conflict',
    );
    await refuses(room.bitcoinRequest({ inputs: [a] }, ticket, 4), 'attempt_out_of_order');
    await signs(room.bitcoinRequest({ inputs: [a, b], outputs: [room.payment(), room.change(190_000n)] }, ticket, 3));
  });

  it('W1: on Ethereum a later attempt takes the same nonce', async () => {
    const ticket = room.ethereumTicket();
    await signs(room.ethereumRequest({ nonce: 5 }, ticket));
    await refuses(room.ethereumRequest({ nonce: 6 }, ticket, 2), 'attempt_does_not_conflict');
    await signs(room.ethereumRequest({ nonce: 5, maxFeePerGas: 30_000_000_000n }, ticket, 2));
  });

  it('a coin or a nonce signed away for one intent is never signed for another', async () => {
    const coin = room.coin();
    await signs(room.bitcoinRequest({ inputs: [coin] }));
    await refuses(room.bitcoinRequest({ inputs: [coin] }), 'coin_of_another_intent');
    await signs(room.ethereumRequest({ nonce: 9 }));
    await refuses(room.ethereumRequest({ nonce: 9 }), 'nonce_of_another_intent');
  });

  it('an intent that was signed cannot be pointed elsewhere by a new ticket', async () => {
    const ticket = room.ticket();
    const coin = room.coin();
    await signs(room.bitcoinRequest({ inputs: [coin] }, ticket));
    const other = 'bcrt1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qzf4jry';
    const elsewhere = { ...ticket, destination: other };
    await refuses(
      room.bitcoinRequest(
        { inputs: [coin], outputs: [room.payment(100_000n, other), room.change(40_000n)] },
        elsewhere,
        2,
      ),
      'intent_changed',
    );
    const more = { ...ticket, amount: '120000' };
    await refuses(
      room.bitcoinRequest({ inputs: [coin], outputs: [room.payment(120_000n), room.change(20_000n)] }, more, 2),
      'intent_changed',
    );
    const cancel = { ...ticket, purpose: 'cancel' as const, amount: '0', destination: room.changeAddress() };
    await signs(room.bitcoinRequest({ inputs: [coin], outputs: [room.change(140_000n)] }, cancel, 2));
    // Cancelled is cancelled: the payment does not come back.
    await refuses(
      room.bitcoinRequest({ inputs: [coin], outputs: [room.payment(), room.change(35_000n)] }, ticket, 3),
      'intent_changed',
    );
  });
});

describe('a sweep', () => {
  it('may move less for a higher fee, and still goes to the hot address under the same nonce', async () => {
    const hot = room.keyring.ethereumAddress(ETHEREUM_HOT);
    const from = { branch: 0, index: 7 } as const;
    const ticket = room.ethereumTicket({ purpose: 'sweep', destination: hot });
    await signs(room.ethereumRequest({ to: hot, nonce: 0 }, ticket, 1, from));
    const less = { ...ticket, amount: '999000000000000000' };
    const fields = { to: hot, value: 999_000_000_000_000_000n, maxFeePerGas: 30_000_000_000n };
    await refuses(room.ethereumRequest({ ...fields, nonce: 1 }, less, 2, from), 'attempt_does_not_conflict');
    await signs(room.ethereumRequest({ ...fields, nonce: 0 }, less, 2, from));
  });
});

describe('tickets', () => {
  it('refuses an expired ticket, an unknown policy version, and approvals of somebody else or of another ticket', async () => {
    await refuses(room.bitcoinRequest({}, room.ticket({ expiresAt: room.now })), 'ticket_expired');
    await refuses(room.bitcoinRequest({}, room.ticket({ policyVersion: 2 })), 'policy_version_unknown');
    const stranger = await SigningRoom.open();
    const request = room.bitcoinRequest();
    await refuses({ ...request, approvals: [stranger.authority.approve(request.ticket)] }, 'ticket_not_approved');
    await refuses({ ...request, approvals: [room.authority.approve(room.ticket())] }, 'ticket_not_approved');
    await stranger.close();
    await signs(request);
  });

  it('a clock that steps back does not revive a ticket', async () => {
    const late = room.bitcoinRequest({}, room.ticket({ expiresAt: room.now + 1_000 }));
    room.now += 10_000;
    await signs(room.bitcoinRequest());
    room.now -= 60_000;
    await refuses(late, 'ticket_expired');
  });
});

describe('W12–W14: transactions that are not what the ticket says', () => {
  it.each<[string, SignerRefusalCode, (room: SigningRoom) => SignRequest]>([
    ['pays another address', 'wrong_destination', (r) => r.bitcoinRequest({ outputs: [r.payment(100_000n, 'bcrt1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qzf4jry'), r.change(49_000n)] })],
    ['pays one satoshi less', 'wrong_amount', (r) => r.bitcoinRequest({ outputs: [r.payment(99_999n), r.change(49_000n)] })],
    ['pays a second, foreign output', 'foreign_output', (r) => r.bitcoinRequest({ outputs: [r.payment(), r.payment(1_000n), r.change(48_000n)] })],
    ['carries data in OP_RETURN', 'foreign_output', (r) => r.bitcoinRequest({ outputs: [r.payment(), { script: Uint8Array.from([0x6a, 1, 7]), value: 0n }] })],
    ['pays nobody', 'wrong_destination', (r) => r.bitcoinRequest({ outputs: [r.change(149_000n)] })],
    ['calls a foreign script its change', 'foreign_output', (r) => r.bitcoinRequest({ outputs: [r.payment(), { ...r.payment(49_000n), origin: r.origin(1, 5) }] })],
    ['sends change to a deposit address', 'foreign_output', (r) => r.bitcoinRequest({ outputs: [r.payment(), { script: r.keyring.bitcoinScript({ branch: 0, index: 5 }), value: 49_000n, origin: r.origin(0, 5) }] })],
    ['spends a coin by the wrong key', 'foreign_input', (r) => r.bitcoinRequest({ inputs: [{ ...r.coin(), origin: r.origin(0, 4) }] })],
    ['names a key outside the account', 'foreign_input', (r) => r.bitcoinRequest({ inputs: [{ ...r.coin(), origin: { ...r.origin(0, 3), path: "m/84'/1'/1'/0/3" } }] })],
    ['names another wallet', 'foreign_input', (r) => r.bitcoinRequest({ inputs: [{ ...r.coin(), origin: { ...r.origin(0, 3), fingerprint: '00000000' } }] })],
    ['is not replaceable', 'transaction_refused', (r) => r.bitcoinRequest({ inputs: [{ ...r.coin(), sequence: 0xffffffff }] })],
    ['burns the change as a fee', 'fee_above_ticket', (r) => r.bitcoinRequest({ outputs: [r.payment()] })],
    ['pays a fee above the cap, ticket or not', 'fee_above_cap', (r) => r.bitcoinRequest({ inputs: [r.coin(6_000_000n)], outputs: [r.payment()] }, r.ticket({ maxFee: '99999999' }))],
    ['pays a fee rate above the cap', 'fee_above_cap', (r) => r.bitcoinRequest({ inputs: [r.coin(400_000n)], outputs: [r.payment()] }, r.ticket({ maxFee: '99999999' }))],
    ['makes dust of the change', 'transaction_refused', (r) => r.bitcoinRequest({ outputs: [r.payment(), r.change(293n)] }, r.ticket({ maxFee: '99999' }))],
    ['is for another Bitcoin network', 'wrong_chain', (r) => r.bitcoinRequest({}, r.ticket({ chainId: 'bitcoin:mainnet' }))],
    ['is for another asset', 'wrong_asset', (r) => r.bitcoinRequest({}, r.ticket({ asset: 'ETH' }))],
    ['is for an asset without limits', 'wrong_asset', (r) => r.bitcoinRequest({}, r.ticket({ asset: 'DOGE' }))],
    ['sweeps on Bitcoin', 'wrong_destination', (r) => r.bitcoinRequest({}, r.ticket({ purpose: 'sweep' }))],
    ['spells the destination otherwise', 'wrong_destination', (r) => r.bitcoinRequest({}, r.ticket({ destination: BITCOIN_PAYEE.toUpperCase() }))],
    ['is for another Ethereum chain (W7)', 'wrong_chain', (r) => r.ethereumRequest({ chainId: 1n })],
    ['has a ticket for another Ethereum chain', 'wrong_chain', (r) => r.ethereumRequest({}, r.ethereumTicket({ chainId: 'eip155:1' }))],
    ['pays another account', 'wrong_destination', (r) => r.ethereumRequest({ to: '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359' })],
    ['pays one wei more', 'wrong_amount', (r) => r.ethereumRequest({ value: 10n ** 18n + 1n })],
    ['may cost more than the ticket allows', 'fee_above_ticket', (r) => r.ethereumRequest({ maxFeePerGas: 10n ** 11n })],
    ['may cost more than the cap', 'fee_above_cap', (r) => r.ethereumRequest({ maxFeePerGas: 3n * 10n ** 12n }, r.ethereumTicket({ maxFee: (10n ** 18n).toString() }))],
    ['asks for the gas of a contract', 'transaction_refused', (r) => r.ethereumRequest({ gasLimit: 100_001n, maxFeePerGas: 10n ** 9n })],
    ['withdraws from a deposit address', 'foreign_input', (r) => r.ethereumRequest({}, r.ethereumTicket(), 1, { branch: 0, index: 0 })],
    ['withdraws from another internal address', 'foreign_input', (r) => r.ethereumRequest({}, r.ethereumTicket(), 1, { branch: 1, index: 1 })],
    ['cancels with a payment', 'wrong_destination', (r) => r.ethereumRequest({}, r.ethereumTicket({ purpose: 'cancel' }))],
    ['has the ticket’s asset on the other chain', 'wrong_chain', (r) => r.bitcoinRequest({}, r.ethereumTicket())],
  ])('refuses one that %s', async (_, refusal, build) => {
    await refuses(build(room), refusal);
  }); // prettier-ignore
});

describe('D10: the signer’s own caps', () => {
  const limits = { BTC: { ...SANDBOX_LIMITS.BTC, perWithdrawal: '100000', perHour: '250000', perDay: '400000' } };
  const withdraw = (amount: bigint): SignRequest =>
    room.bitcoinRequest(
      { inputs: [room.coin(amount + 50_000n)], outputs: [room.payment(amount), room.change(49_000n)] },
      room.ticket({ amount: String(amount), expiresAt: room.now + 90 * 86_400_000 }),
    );

  it('holds the cap of one withdrawal, of an hour and of a day, to the satoshi and to the millisecond', async () => {
    await room.restart(limits);
    await refuses(withdraw(100_001n), 'window_exceeded');
    await signs(withdraw(100_000n));
    await signs(withdraw(100_000n));
    await refuses(withdraw(50_001n), 'window_exceeded');
    await signs(withdraw(50_000n));
    await refuses(withdraw(1_000n), 'window_exceeded');
    room.now += 3_600_000 - 1;
    await refuses(withdraw(1_000n), 'window_exceeded');
    room.now += 1;
    await signs(withdraw(100_000n));
    await signs(withdraw(50_000n));
    // A day's worth is spent now, whatever the hour says.
    room.now += 3_600_000;
    await refuses(withdraw(1_000n), 'window_exceeded');
    room.now += 22 * 3_600_000;
    await signs(withdraw(100_000n));
  });

  it('counts from its log: a restart forgets nothing, and a clock set back opens no new window', async () => {
    await room.restart(limits);
    await signs(withdraw(100_000n));
    await signs(withdraw(100_000n));
    await room.restart(limits);
    await refuses(withdraw(60_000n), 'window_exceeded');
    room.now -= 2 * 3_600_000;
    await refuses(withdraw(60_000n), 'window_exceeded');
    room.now -= 48 * 3_600_000;
    await refuses(withdraw(60_000n), 'window_exceeded');
  });

  it('counts an intent once, however often it is bumped', async () => {
    await room.restart(limits);
    const ticket = room.ticket({ amount: '100000' });
    const coin = room.coin();
    for (const [attempt, change] of [49_000n, 45_000n, 40_000n, 35_000n].entries()) {
      await signs(
        room.bitcoinRequest({ inputs: [coin], outputs: [room.payment(), room.change(change)] }, ticket, attempt + 1),
      );
    }
    await signs(withdraw(100_000n));
  });
});

describe('freeze', () => {
  it('stops new signatures and replays, survives a restart, and is lifted by hand only', async () => {
    const request = room.bitcoinRequest();
    const first = await signs(request);
    const frozen = await room.signer.handle({ type: 'freeze', id: request.id, reason: 'drill' });
    expect(frozen.type).toBe('frozen');
    await refuses(request, 'frozen');
    await room.restart();
    await refuses(room.bitcoinRequest(), 'frozen');
    await rm(join(room.folder, 'FROZEN'));
    expect(await signs(request)).toMatchObject({ raw: first.raw });
  });
});

describe('D9: nothing else can be signed', () => {
  it.each<[string, unknown]>([
    [
      'raw bytes',
      { type: 'sign', id: '7d2f4bb1-50f3-4b4e-8a57-6a3f8ad3a1c2', digest: 'ab'.repeat(32), path: "m/84'/1'/0'/0/0" },
    ],
    ['a message', { type: 'sign-message', id: '7d2f4bb1-50f3-4b4e-8a57-6a3f8ad3a1c2', message: 'hello' }],
    ['the keys', { type: 'export', id: '7d2f4bb1-50f3-4b4e-8a57-6a3f8ad3a1c2' }],
    ['null', null],
    ['a list', []],
    ['a string', 'sign'],
    ['a request with one more field', undefined],
  ])('refuses %s', async (name, message) => {
    await refuses(message ?? { ...room.bitcoinRequest(), sighash: 'NONE' }, 'malformed_request');
  });

  it('describes its accounts by public keys only', async () => {
    const described = JSON.stringify(
      await room.signer.handle({ type: 'describe', id: '7d2f4bb1-50f3-4b4e-8a57-6a3f8ad3a1c2' }),
    );
    expect(described).toContain('tpub');
    expect(described).toContain('xpub');
    expect(described).not.toMatch(/[xt]prv/);
  });
});

describe('the signing log', () => {
  it('drops a torn tail, which was never acknowledged', async () => {
    const request = room.bitcoinRequest();
    await signs(request);
    for (const tail of ['deadbeef', `${'0'.repeat(64)} {"at":1`, `${'0'.repeat(64)} {}\n`]) {
      await appendFile(room.logFile, tail);
      await room.restart();
      expect(room.log.length).toBe(1);
    }
    await signs(request);
  });

  it('K10: a log cut back to an earlier state is noticed by what the caller has seen', async () => {
    await signs(room.bitcoinRequest());
    const old = await readFile(room.logFile);
    const { logLength } = await signs(room.bitcoinRequest());
    await writeFile(room.logFile, old);
    await room.restart();
    await refuses({ ...room.bitcoinRequest(), logAtLeast: logLength }, 'log_is_behind');
  });

  it('any single changed byte before the last entry stops the start', async () => {
    await signs(room.bitcoinRequest());
    await signs(room.ethereumRequest());
    const whole = await readFile(room.logFile);
    const lastLine = whole.lastIndexOf(0x0a, whole.length - 2);
    for (let at = 0; at <= lastLine; at += 13) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0x01;
      await writeFile(room.logFile, damaged);
      await expect(room.restart()).rejects.toThrow(/does not follow|JSON|malformed/);
    }
    await writeFile(room.logFile, whole);
    await room.restart();
    expect(room.log.length).toBe(2);
  });
});
