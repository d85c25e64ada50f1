import { setTimeout as sleep } from 'node:timers/promises';
import { ExchangeLink, type ExchangeLinkOptions } from './exchange-link.js';
import { type HighestTerm } from './highest-term.js';

/** How long the others may take to answer when one calls itself the primary. */
const OTHERS_MS = 250;

export interface PrimaryOptions extends Omit<ExchangeLinkOptions, 'address' | 'terms'> {
  /** Of all processes of the venue that may be the primary. */
  readonly addresses: readonly ExchangeLinkOptions['address'][];
  readonly terms: HighestTerm;
}

/**
 * Connects to whichever of the addresses is the primary: of several that say so, the one with the highest term, and none whose term is lower than
 * one met before. With the same `order` it goes on where the last link ended, whoever is the primary now.
 * @throws Error with each address's reason when none is
 */
export async function connectToPrimary({ addresses, ...options }: PrimaryOptions): Promise<ExchangeLink> {
  const found: ExchangeLink[] = [];
  const reasons: string[] = [];
  const choice: { isMade: boolean; link?: ExchangeLink | undefined } = { isMade: false };
  const tries = addresses.map(async (address) => {
    const answer: { link?: ExchangeLink } = {};
    const onClosed: ExchangeLinkOptions['onClosed'] = (end) => {
      if (answer.link !== undefined && choice.link === answer.link) options.onClosed?.(end);
    };
    try {
      const link = await ExchangeLink.connect({ ...options, address, onClosed });
      answer.link = link;
      if (link.welcome.standing === 'primary' && !choice.isMade) found.push(link);
      else link.close();
      if (link.welcome.standing !== 'primary') reasons.push(`${nameOf(address)}: it follows`);
    } catch (error) {
      reasons.push(`${nameOf(address)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  await firstOf(tries, () => found.length > 0);
  await Promise.race([Promise.all(tries), sleep(OTHERS_MS)]);
  const [best] = found
    .filter((link) => link.isOpen && link.welcome.term >= options.terms.term)
    .sort((one, other) => other.welcome.term - one.welcome.term);
  Object.assign(choice, { isMade: true, link: best });
  for (const link of found) if (link !== best) link.close();
  if (best !== undefined) return best;
  throw new Error(`no primary among ${addresses.length}: ${reasons.join('; ')}`);
}

/** Until one has succeeded, or all have ended. */
function firstOf(tries: readonly Promise<void>[], isDone: () => boolean): Promise<unknown> {
  const firsts = tries.map((attempt) =>
    attempt.then(() => (isDone() ? undefined : Promise.reject(new Error('not yet')))),
  );
  return Promise.any(firsts).catch(() => undefined);
}

const nameOf = (address: ExchangeLinkOptions['address']): string =>
  'path' in address ? address.path : `${address.host}:${address.port}`;
