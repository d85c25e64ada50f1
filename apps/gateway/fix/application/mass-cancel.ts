import { type MassCancelOutcome } from '../../desk/order-desk.js';
import { explain, REFUSALS } from '../../rejects.js';
import { FixBody, MSG } from '../fix-message.js';
import { formatTimestamp } from '../fix-time.js';
import { type Conversation, type Request } from './conversation.js';
import { waitForVenue } from './place-order.js';

const BY_SYMBOL = '1';
const ALL = '7';

/** OrderMassCancelRequest: of a symbol, or everything. Each order's report comes from the stream, then this one. */
export async function massCancel(conversation: Conversation, request: Request): Promise<void> {
  const { message } = request;
  const kind = message.get(530) ?? '';
  const symbol = message.get(55);
  const instrument = symbol === undefined ? undefined : conversation.feed.instrument(symbol);
  const answer = (response: string, add: (body: FixBody) => FixBody): void => {
    const id = message.get(11) ?? '';
    const body = new FixBody().add(11, id).add(37, id).add(530, kind).add(531, response);
    add(body).add(55, symbol).add(60, formatTimestamp(conversation.now()));
    conversation.send(MSG.ORDER_MASS_CANCEL_REPORT, body.toString());
  };
  const refuse = (reason: string, text: string): void => answer('0', (body) => body.add(532, reason).add(58, text));
  if (kind !== BY_SYMBOL && kind !== ALL) return refuse('0', 'MassCancelRequestType must be 1 (symbol) or 7 (all)');
  if (kind === BY_SYMBOL && instrument === undefined) return refuse('1', 'Unknown symbol');
  const outcome = await cancelAll(conversation, request, kind === BY_SYMBOL ? instrument?.number : undefined);
  if (outcome.kind === 'refused') return refuse('99', explain(REFUSALS[outcome.reason]));
  answer(kind, (body) => body.add(533, outcome.orders.length));
}

/** Asked for again when the connection to the venue was lost: what it finds then is what was left. */
async function cancelAll(
  conversation: Conversation,
  { submit }: Request,
  instrument: number | undefined,
): Promise<Exclude<MassCancelOutcome, { kind: 'unknown' }>> {
  const { account } = conversation.trader;
  const deadline = performance.now() + conversation.patienceMs;
  for (;;) {
    const outcome = await submit(() =>
      conversation.desk.cancelAll({ account, ...(instrument === undefined ? {} : { instrument }) }),
    );
    if (outcome.kind !== 'unknown') return outcome;
    await waitForVenue(conversation, deadline);
  }
}
