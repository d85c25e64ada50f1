import { type Secret } from '@base/config';
import { ExchangeLink, type ExchangeLinkOptions, HighestTerm } from '@platform/venue-link';
import { type SealedTerm } from './term-seal.js';

const EVERY_MS = 1_000;

export interface Peer {
  readonly address: ExchangeLinkOptions['address'];
  /** The standby's, which both of the pair have. */
  readonly keyName: string;
  readonly key: Secret;
}

/** What the other one of the pair says it is. */
export type PeerAnswer =
  | { readonly standing: 'primary' | 'follower'; readonly term: number }
  /** It was a primary of a lower term, and has been told. */
  | 'fenced'
  | 'unreachable';

/** Meets the other one of the pair, carrying the term known here: a primary of a lower one gives way by that. */
export async function askPeer({ address, keyName, key }: Peer, own: SealedTerm): Promise<PeerAnswer> {
  const terms = new HighestTerm();
  terms.accept(own);
  try {
    const link = await ExchangeLink.connect({ address, keyName, key, terms });
    const { standing, term } = link.welcome;
    link.close();
    return { standing, term };
  } catch (error) {
    return error instanceof Error && error.message === 'fenced' ? 'fenced' : 'unreachable';
  }
}

/** Keeps telling the old primary that it has been replaced, whenever it is there, until it is a follower. Answers how to stop. */
export function announceTerm(peer: Peer, own: SealedTerm, say: (line: string) => void): () => void {
  let isAsking = false;
  const timer = setInterval(() => {
    if (isAsking) return;
    isAsking = true;
    void askPeer(peer, own).then((answer) => {
      isAsking = false;
      if (answer === 'fenced') say(`the old primary has been told of term ${own.term} and has given way`);
      else if (answer !== 'unreachable' && answer.standing === 'follower') clearInterval(timer);
    });
  }, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
