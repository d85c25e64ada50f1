import { type LinkMessage } from '@core/contracts';
import { connectToPrimary, type PrimaryOptions } from './connect-to-primary.js';
import { type ExchangeLink } from './exchange-link.js';

/** What an account owned, in units of the asset, and how much of it orders and margins held. */
export interface EngineBalance {
  readonly account: number;
  readonly asset: number;
  readonly total: bigint;
  readonly held: bigint;
}

/** Everybody's balances when a command, and nothing behind it, had been applied. */
export interface BalancesAt {
  readonly sequence: number;
  /** How many events the command had. */
  readonly events: number;
  /** Those with something on them. */
  readonly balances: readonly EngineBalance[];
}

const REFERENCE = 1;

/**
 * Asks the venue for all balances at command `sequence`, on a connection of its own. They come from an engine that replayed the journal, not
 * from the event stream, so that the two can be held against each other.
 * @throws Error whose message is why the venue ended the connection instead
 */
export function readBalances(
  options: Pick<PrimaryOptions, 'addresses' | 'keyName' | 'key' | 'terms'>,
  sequence: number,
): Promise<BalancesAt> {
  return new Promise((resolve, reject) => {
    const balances: EngineBalance[] = [];
    const receive = (link: ExchangeLink, message: LinkMessage): void => {
      if (message.kind === 'balance') {
        const { account, asset, total, held } = message;
        balances.push({ account, asset, total, held });
      } else if (message.kind === 'balances-read') {
        if (message.count !== balances.length) reject(new Error('gap'));
        else resolve({ sequence: Number(message.at), events: message.events, balances });
        link.close();
      }
    };
    const connected = connectToPrimary({
      ...options,
      replica: { onCommand: () => true, onMessage: (message) => void connected.then((link) => receive(link, message)) },
      onClosed: (end) => reject(new Error(end)),
    });
    connected.then((link) => link.tell({ kind: 'read-balances', at: BigInt(sequence), reference: REFERENCE }), reject);
  });
}
