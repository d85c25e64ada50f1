import { NodeDisk } from '@base/journal';
import { Exchange } from '../exchange.js';
import { type ExchangeSettings } from '../exchange-settings.js';
import { announceTerm, askPeer, type Peer } from './announce-term.js';
import { Follower } from './follower.js';
import { StandingFile } from './standing-file.js';
import { type SealedTerm, sealTerm } from './term-seal.js';

export interface PairSettings {
  readonly exchange: ExchangeSettings;
  /** The other one of the pair, to be followed if it is the primary. */
  readonly peer?: Peer | undefined;
  readonly discardsTail: boolean;
}

/**
 * One of the pair: primary or follower. The folder says what it was, and outlives restarts; a primary with a peer asks it first whether it has
 * been replaced meanwhile. A follower becomes the primary in here, without another start.
 */
export class PairMember {
  #exchange: Exchange | undefined;
  #follower: Follower | undefined;
  #stopAnnouncing: () => void = () => undefined;
  readonly #settings: PairSettings;

  private constructor(settings: PairSettings) {
    this.#settings = settings;
  }

  /** @throws JournalFault; Superseded when the folder is an old primary's and nobody is to be followed */
  static async start(settings: PairSettings): Promise<PairMember> {
    const member = new PairMember(settings);
    const { peer, exchange, discardsTail } = settings;
    const record = StandingFile.peek(exchange.journal?.disk ?? new NodeDisk(), exchange.folder);
    if (peer === undefined || (record?.role === 'primary' && (await mayLead(peer, record.term)))) {
      member.#lead(await Exchange.start(exchange));
      return member;
    }
    member.#follower = await Follower.start({
      exchange,
      primary: peer,
      discardsTail,
      onPromoted: (promoted) => {
        member.#follower = undefined;
        member.#lead(promoted);
      },
    });
    return member;
  }

  /** While it is the primary. */
  get exchange(): Exchange | undefined {
    return this.#exchange;
  }

  /** While it is not. */
  get follower(): Follower | undefined {
    return this.#follower;
  }

  get term(): SealedTerm | undefined {
    return (this.#exchange ?? this.#follower)?.term;
  }

  get addresses(): string[] {
    return (this.#exchange ?? this.#follower)?.addresses ?? [];
  }

  async stop(): Promise<void> {
    this.#stopAnnouncing();
    await this.#follower?.stop();
    await this.#exchange?.stop();
  }

  #lead(exchange: Exchange): void {
    this.#exchange = exchange;
    const { peer } = this.#settings;
    if (peer !== undefined) this.#stopAnnouncing = announceTerm(peer, exchange.term, this.#settings.exchange.say);
  }
}

/** Unless the other one leads under a higher term. One that cannot be reached decides nothing: the folder's word counts then. */
async function mayLead(peer: Peer, term: number): Promise<boolean> {
  const answer = await askPeer(peer, sealTerm(peer.key, term));
  return typeof answer === 'string' || answer.standing !== 'primary' || answer.term <= term;
}
