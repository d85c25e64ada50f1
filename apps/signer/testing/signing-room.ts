import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SignRequest, type Ticket } from '@core/contracts';
import { buildEthereumTransfer, buildPsbt, decodeBitcoinAddress, encodeBitcoinScript, type EthereumTransfer, type KeyOrigin, type KeyPosition, p2wpkhScript, type PsbtInput, type PsbtOutput } from '@core/wallet'; // prettier-ignore
import { specCoin } from '@core/wallet/testing';
import { AccountKeys, type TicketAuthority, TicketVerifier } from '@platform/keys';
import { ticketKeys } from '@platform/keys/testing';
import { FreezeFlag } from '../freeze-flag.js';
import { ETHEREUM_HOT, HotKeyring } from '../hot-keyring.js';
import { limitsSchema, SANDBOX_LIMITS } from '../limits.js';
import { Signer } from '../signer.js';
import { SigningLog } from '../signing-log.js';

export const BITCOIN_PAYEE = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
export const ETHEREUM_PAYEE = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';

/** Everything around a signer for one spec: keys, tickets, a log in a folder of its own, a clock moved by hand. */
export class SigningRoom {
  readonly keyring = new HotKeyring(new Uint8Array(32).fill(0x42), 'regtest', 31337n);
  readonly bitcoin: AccountKeys;
  readonly authority: TicketAuthority;
  now = Date.parse('2026-03-01T00:00:00Z');
  signer!: Signer;
  log!: SigningLog;
  #salt = 0;
  #nonce = 0;

  private constructor(
    readonly folder: string,
    private readonly tickets: TicketVerifier,
    authority: TicketAuthority,
  ) {
    const [bitcoin] = this.keyring.accounts();
    if (bitcoin === undefined) throw new Error('no Bitcoin account');
    this.bitcoin = new AccountKeys(bitcoin);
    this.authority = authority;
  }

  static async open(): Promise<SigningRoom> {
    const { authority, publicKeyPem } = ticketKeys();
    const verifier = new TicketVerifier([{ version: 1, threshold: 1, publicKeysPem: [publicKeyPem] }]);
    const room = new SigningRoom(await mkdtemp(join(tmpdir(), 'signer-')), verifier, authority);
    await room.restart();
    return room;
  }

  get logFile(): string {
    return join(this.folder, 'signing.log');
  }

  /** A new signer over the same folder, as after a crash. */
  async restart(limits: object = SANDBOX_LIMITS): Promise<void> {
    await this.log?.close();
    this.log = await SigningLog.open(this.logFile);
    this.signer = new Signer({
      keyring: this.keyring,
      log: this.log,
      tickets: this.tickets,
      limits: limitsSchema.parse(limits),
      freeze: new FreezeFlag(this.folder),
      now: () => this.now,
    });
  }

  async close(): Promise<void> {
    await this.log.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  ticket(fields: Partial<Ticket> = {}): Ticket {
    return {
      intentId: randomUUID(),
      purpose: 'withdrawal',
      chainId: 'bitcoin:regtest',
      asset: 'BTC',
      destination: BITCOIN_PAYEE,
      amount: '100000',
      maxFee: '20000',
      expiresAt: this.now + 3_600_000,
      policyVersion: 1,
      ...fields,
    };
  }

  request(ticket: Ticket, transaction: SignRequest['transaction'], attempt = 1): SignRequest {
    const approvals = [this.authority.approve(ticket)];
    return { type: 'sign', id: randomUUID(), ticket, approvals, attempt, logAtLeast: 0, transaction };
  }

  origin(branch: 0 | 1, index: number): KeyOrigin {
    return this.bitcoin.origin({ branch, index });
  }

  coin(value = 150_000n): PsbtInput {
    return specCoin(this.origin(0, 3), value, ++this.#salt);
  }

  change(value: bigint, index = 5): PsbtOutput {
    const origin = this.origin(1, index);
    return { script: p2wpkhScript(origin.publicKey), value, origin };
  }

  changeAddress(index = 5): string {
    return encodeBitcoinScript(p2wpkhScript(this.origin(1, index).publicKey), 'regtest') ?? '';
  }

  payment(value = 100_000n, address = BITCOIN_PAYEE): PsbtOutput {
    return { script: decodeBitcoinAddress(address, 'regtest').script, value };
  }

  psbt(parts: { inputs?: readonly PsbtInput[]; outputs?: readonly PsbtOutput[]; lockTime?: number } = {}): string {
    return buildPsbt({
      network: 'regtest',
      inputs: parts.inputs ?? [this.coin()],
      outputs: parts.outputs ?? [this.payment(), this.change(49_000n)],
      lockTime: parts.lockTime ?? 450,
    });
  }

  bitcoinRequest(parts: Parameters<SigningRoom['psbt']>[0] = {}, ticket = this.ticket(), attempt = 1): SignRequest {
    return this.request(ticket, { kind: 'bitcoin', psbt: this.psbt(parts) }, attempt);
  }

  ethereumTicket(fields: Partial<Ticket> = {}): Ticket {
    return this.ticket({
      chainId: 'eip155:31337',
      asset: 'ETH',
      destination: ETHEREUM_PAYEE,
      amount: '1000000000000000000',
      maxFee: '2000000000000000',
      ...fields,
    });
  }

  transfer(fields: Partial<EthereumTransfer> = {}): EthereumTransfer {
    return {
      chainId: 31337n,
      nonce: this.#nonce++,
      to: ETHEREUM_PAYEE,
      value: 10n ** 18n,
      gasLimit: 21_000n,
      maxFeePerGas: 20_000_000_000n,
      maxPriorityFeePerGas: 1_000_000_000n,
      ...fields,
    };
  }

  ethereumRequest(
    fields: Partial<EthereumTransfer> = {},
    ticket = this.ethereumTicket(),
    attempt = 1,
    from: KeyPosition = ETHEREUM_HOT,
  ): SignRequest {
    return this.request(
      ticket,
      { kind: 'ethereum', unsigned: buildEthereumTransfer(this.transfer(fields)), from },
      attempt,
    );
  }
}
