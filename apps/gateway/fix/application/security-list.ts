import { formatDecimal, formatPrice, formatQuantity, quantityStep, type ViewedInstrument } from '@core/venue-view';
import { FixBody, MSG } from '../fix-message.js';
import { type Conversation, type Request } from './conversation.js';

const OF_SYMBOL = 0;
const ALL = 4;
const VALID = 0;
const INVALID = 1;
const NONE_FOUND = 2;

/** SecurityListRequest. FIX 4.4 has no field for a tick or a state: they are in Text. */
export function securityList({ feed, send }: Conversation, { message, seq }: Request): void {
  const kind = message.integer(559);
  const symbol = message.get(55);
  const isValid = (kind === OF_SYMBOL && symbol !== undefined) || kind === ALL;
  const found = isValid ? feed.instruments().filter((it) => kind === ALL || it.symbol === symbol) : [];
  const body = new FixBody()
    .add(320, message.get(320))
    .add(322, `L${seq}`)
    .add(560, !isValid ? INVALID : found.length === 0 ? NONE_FOUND : VALID)
    .add(393, found.length)
    .add(893, 'Y');
  if (found.length > 0) body.add(146, found.length);
  for (const instrument of found) addInstrument(body, instrument);
  send(MSG.SECURITY_LIST, body.toString());
}

function addInstrument(body: FixBody, instrument: ViewedInstrument): void {
  const lot = quantityStep(instrument);
  body
    .add(55, instrument.symbol)
    .add(15, instrument.quote.code)
    .add(561, formatDecimal(lot.increment, lot.scale))
    .add(562, formatQuantity(instrument, instrument.minimumQuantity))
    .add(58, `tick=${formatPrice(instrument, 1)} state=${instrument.state}`);
}
