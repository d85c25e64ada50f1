import { randomUUID } from 'node:crypto';
import { AmountError, formatAmount, parseAmount } from '@core/money';
import { formatDecimal } from '@core/venue-view';
import { AllocateAddress, type ChainAsset, custodyRefusal, type CustodySettings, type Deposit, findDeposit, isChainAsset, listDeposits, listWhitelist, type WhitelistEntry } from '@platform/custody'; // prettier-ignore
import { WatchOnlyAccounts } from '@platform/keys';
import { Ledger } from '@platform/ledger';
import { findVenueWithdrawal, listVenueWithdrawals, minorOf, MoveFromExchange, readEngineAssets, type VenueWithdrawal, WithdrawFromExchange } from '@products/venue'; // prettier-ignore
import { type Trader } from '../access/access.js';
import { type GatewayParts } from '../parts.js';
import { type RequestFields } from './json-request.js';
import { readPage } from './query.js';
import { invalid, notFound } from './rest-refusal.js';
import { type RestRequest, type RestRoute } from './rest-routes.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const KEY = /^[\x21-\x7e]{1,200}$/;

type Parts = Pick<GatewayParts, 'feed' | 'database' | 'clock'>;

/**
 * Coins in and out. A deposit arrives in the customer's account with us and not on the exchange, since the address is the same for all that
 * the account does; a withdrawal takes from the exchange, by way of that account, and only to addresses that the customer has vouched for.
 */
export class PaymentRoutes {
  readonly #addresses: AllocateAddress;
  readonly #withdraw: WithdrawFromExchange;

  constructor(
    private readonly parts: Parts,
    custody: CustodySettings,
  ) {
    const { database, clock } = parts;
    this.#addresses = new AllocateAddress(database, new WatchOnlyAccounts(), custody, clock);
    const move = new MoveFromExchange(database, new Ledger(database, clock), clock);
    this.#withdraw = new WithdrawFromExchange(move, custody, clock);
  }

  get routes(): RestRoute[] {
    return [
      { method: 'POST', path: '/deposits/:currency', access: 'view', answer: (request, trader) => this.#address(request, trader) },
      { method: 'GET', path: '/deposits', access: 'view', answer: ({ query }, trader) => this.#deposits(query, trader) },
      { method: 'GET', path: '/deposits/:id', access: 'view', answer: (request, trader) => this.#deposit(request, trader) },
      { method: 'GET', path: '/whitelist', access: 'view', answer: (_request, trader) => this.#whitelist(undefined, trader) },
      { method: 'GET', path: '/whitelist/:currency', access: 'view', answer: ({ params }, trader) => this.#whitelist(coinOf(params['currency']), trader) },
      { method: 'POST', path: '/withdrawals', access: 'withdraw', answer: (request, trader) => this.#request(request, trader) },
      { method: 'GET', path: '/withdrawals', access: 'view', answer: ({ query }, trader) => this.#withdrawals(query, trader) },
      { method: 'GET', path: '/withdrawals/:id', access: 'view', answer: (request, trader) => this.#withdrawal(request, trader) },
    ]; // prettier-ignore
  }

  /** The customer's own, made on first use and the same from then on. */
  async #address({ params }: RestRequest, { customerId }: Trader): Promise<string> {
    const { address } = await this.#addresses.forCustomer(coinOf(params['currency']), customerId);
    return JSON.stringify({ type: 'crypto', address });
  }

  async #deposits(query: RequestFields, { customerId }: Trader): Promise<string> {
    const rows = await listDeposits(this.parts.database, { ownerId: customerId, ...spanOf(query) });
    return `[${rows.map(encodeDeposit).join(',')}]`;
  }

  async #deposit({ params }: RestRequest, { customerId }: Trader): Promise<string> {
    const deposit = await findDeposit(this.parts.database, idOf(params['id'], 'Deposit'));
    if (deposit?.ownerId !== customerId) throw notFound('Deposit not found');
    return encodeDeposit(deposit);
  }

  async #whitelist(asset: ChainAsset | undefined, { customerId }: Trader): Promise<string> {
    const now = this.parts.clock.now();
    const entries = await listWhitelist(this.parts.database, customerId, asset);
    return `[${entries
      .filter(({ usableAt }) => usableAt <= now)
      .map(encodeEntry)
      .join(',')}]`;
  }

  /** `Idempotency-Key` is ours: with it, a request that got no answer can be sent again. */
  async #request({ body, headers }: RestRequest, trader: Trader): Promise<string> {
    const { customerId } = trader;
    const asset = coinOf(body.required('currency'));
    const whitelistId = body.required('beneficiary');
    if (!UUID.test(whitelistId)) throw invalid('beneficiary must be the id of a whitelist entry, not an address');
    const amount = body.flag('sendMax') ? 'all' : amountOf(body.required('amount'), asset);
    const given = headers['idempotency-key'];
    if (given !== undefined && (typeof given !== 'string' || !KEY.test(given)))
      throw invalid('Idempotency-Key must be 1 to 200 visible ASCII characters');
    const available = await this.#availableOf(trader, asset);
    const withdrawal = await this.parts.database.transaction((tx) =>
      this.#withdraw.run(tx, {
        customerId,
        idempotencyKey: given ?? randomUUID(),
        asset,
        whitelistId,
        amount,
        available,
      }),
    );
    return encodeWithdrawal(withdrawal);
  }

  async #withdrawals(query: RequestFields, { customerId }: Trader): Promise<string> {
    const rows = await listVenueWithdrawals(this.parts.database, { customerId, ...spanOf(query) });
    return `[${rows.map(encodeWithdrawal).join(',')}]`;
  }

  async #withdrawal({ params }: RestRequest, { customerId }: Trader): Promise<string> {
    const id = idOf(params['id'], 'Withdrawal');
    const withdrawal = await findVenueWithdrawal(this.parts.database, customerId, id);
    if (withdrawal === undefined) throw notFound('Withdrawal not found');
    return encodeWithdrawal(withdrawal);
  }

  /** What is free on the exchange, in minor units of the ledger. */
  async #availableOf({ account }: Trader, asset: ChainAsset): Promise<bigint> {
    const known = (await readEngineAssets(this.parts.database)).find(({ code }) => code === asset);
    if (known === undefined) throw custodyRefusal('asset_not_on_chain');
    const balance = this.parts.feed.balances(account).find(({ asset: number }) => number === known.number);
    return balance === undefined ? 0n : minorOf(known, balance.total - balance.held);
  }
}

function spanOf(query: RequestFields): { from: Date | undefined; to: Date | undefined; limit: number } {
  const { from, to, limit } = readPage(query);
  return {
    from: from === undefined ? undefined : new Date(from),
    to: to === undefined ? undefined : new Date(to),
    limit,
  };
}

function coinOf(currency: string | undefined): ChainAsset {
  const code = currency?.toUpperCase() ?? '';
  if (!isChainAsset(code)) throw invalid('This currency has no wallet: choose BTC or ETH');
  return code;
}

function idOf(text: string | undefined, what: string): string {
  if (text === undefined || !UUID.test(text)) throw notFound(`${what} not found`);
  return text;
}

/** Clients write amounts as numbers, in exponent form when they are small. */
function amountOf(text: string, asset: ChainAsset): bigint {
  try {
    return parseAmount(plainDecimal(text), asset);
  } catch (error) {
    if (error instanceof AmountError) throw invalid(`amount: ${error.message}`);
    throw error;
  }
}

const EXPONENT = /^(\d+)(?:\.(\d+))?[eE]([+-]?\d{1,2})$/;

/** `1e-7` as `0.0000001`; anything else as it was written. */
function plainDecimal(text: string): string {
  const [, whole = '', fraction = '', exponent] = EXPONENT.exec(text) ?? [];
  if (exponent === undefined) return text;
  const scale = fraction.length - Number(exponent);
  const value = BigInt(whole + fraction);
  return scale > 0 ? formatDecimal(value, scale) : String(value * 10n ** BigInt(-scale));
}

const DEPOSIT_STATES: Readonly<Record<Deposit['state'], string>> = {
  pending: 'UNCONFIRMED',
  credited: 'COMPLETED',
  ignored: 'REJECTED',
  reversed: 'REJECTED',
  lost: 'REJECTED',
};

/** The transaction's id under both spellings that clients read. */
function encodeDeposit({ id, amount, asset, address, state, txid, at }: Deposit): string {
  return (
    `{"depositId":"${id}","amount":${formatAmount(amount, asset)},"currency":"${asset}","address":"${address}",` +
    `"state":"${DEPOSIT_STATES[state]}","txHash":"${txid}","txhash":"${txid}","timestamp":${at.getTime()}}`
  );
}

const encodeEntry = ({ id, name, asset }: WhitelistEntry): string =>
  JSON.stringify({ whitelistId: id, name, currency: asset });

function encodeWithdrawal(withdrawal: VenueWithdrawal): string {
  const { id, amount, fee, asset, whitelistId, createdAt } = withdrawal;
  return (
    `{"withdrawalId":"${id}","amount":${formatAmount(amount, asset)},"currency":"${asset}","beneficiary":"${whitelistId}",` +
    `"fee":${formatAmount(fee, asset)},"state":"${stateOf(withdrawal)}","timestamp":${createdAt.getTime()}}`
  );
}

/** `REJECTED`: nothing was paid out, by the engine's or an operator's word. `REFUNDED`: the money is the customer's again. */
function stateOf({ state, intentState }: VenueWithdrawal): string {
  switch (state) {
    case 'moving':
      return 'PENDING';
    case 'refused':
      return 'REJECTED';
    case 'returned':
      return 'REFUNDED';
    case 'kept':
      return 'FAILED';
    case 'withdrawing':
      break;
  }
  switch (intentState) {
    case 'settled':
      return 'COMPLETED';
    case 'rejected':
      return 'REJECTED';
    case 'expired':
    case 'cancelled':
    case 'replaced':
    case 'failed_onchain':
      return 'REFUNDED';
    default:
      return 'PENDING';
  }
}
