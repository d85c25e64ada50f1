import { parseArgs } from 'node:util';
import { Secret } from '@base/config';
import { type PromotionRefusal, REPLICATION_MODES, type ReplicationMode } from '@core/contracts';
import { ExchangeLink, type LinkEnd, type Promotion } from '@platform/venue-link';
import { addressOf } from './configuration.js';

const USAGE = `usage: exchange:promote FOLLOWER [--force]            the follower becomes the primary, and the primary before it gives way
       exchange:promote PRIMARY --replication MODE    MODE is asynchronous or synchronous
FOLLOWER and PRIMARY are host:port or the path of a Unix socket. EXCHANGE_OPERATOR_KEY is the operators' key.
--force: also when the follower lacks what the primary had released; that is lost then.`;

const WHY: Readonly<Record<PromotionRefusal, string>> = {
  none: 'it does not say why',
  not_a_follower: 'it is the primary already',
  catching_up: 'it lacks commands that the primary had released, or has never followed: with --force they are lost',
  states_differ:
    'its state was found to differ from the primary’s: it must not lead; begin a new follower in another folder',
};

/** Answers the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { force: { type: 'boolean', default: false }, replication: { type: 'string' } },
  });
  const [address] = positionals;
  const mode = REPLICATION_MODES.find((known) => known === values.replication);
  const key = process.env['EXCHANGE_OPERATOR_KEY'];
  if (
    address === undefined ||
    positionals.length > 1 ||
    key === undefined ||
    (values.replication !== undefined && mode === undefined)
  ) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const { answer, link } = await ask({ address, key, mode, isForced: values.force });
  const told = await answer;
  link.close();
  if (typeof told !== 'string') return tell(told);
  process.stdout.write(`replication is ${told}\n`);
  return 0;
}

interface Question {
  readonly address: string;
  readonly key: string;
  readonly mode: ReplicationMode | undefined;
  readonly isForced: boolean;
}

/** The answer fails when the link ends before it comes. */
async function ask({
  address,
  key,
  mode,
  isForced,
}: Question): Promise<{ link: ExchangeLink; answer: Promise<Promotion | ReplicationMode> }> {
  let onClosed: (end: LinkEnd) => void = () => undefined;
  const link = await ExchangeLink.connect({
    address: addressOf(address),
    keyName: 'operator',
    key: new Secret(key),
    onClosed: (end) => onClosed(end),
  });
  const lost = new Promise<never>((_, reject) => {
    onClosed = (end) => reject(new Error(`the link ended before the answer came: ${end}`));
  });
  const answer = mode === undefined ? link.promote(isForced) : link.setReplication(mode);
  return { link, answer: Promise.race([answer, lost]) };
}

function tell(promotion: Promotion): number {
  if ('refusal' in promotion) {
    process.stderr.write(`not promoted: ${WHY[promotion.refusal]}\n`);
    return 1;
  }
  process.stdout.write(`promoted: the primary under term ${promotion.term}, from command ${promotion.last + 1} on\n`);
  return 0;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
