import { z } from 'zod';
import { VENUES, WALKING_ASSETS, type Venue } from './market.js';
import { type PriceVenues, type VenueState } from './price-venues.js';

const venue = z.enum(VENUES);
const asset = z.enum(WALKING_ASSETS);
const bps = z.number().int().min(-9_900).max(1_000_000);
const dollars = z.string().regex(/^(0|[1-9]\d{0,9})(\.\d{1,8})?$/, 'a price is a decimal string').refine((text) => /[1-9]/.test(text), 'a price is positive'); // prettier-ignore

/** What an operator of the sandbox can do to the market. Without `venue` an action is for all of them. */
export const controlSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.enum(['freeze', 'stop', 'resume']), venue: venue.optional() }),
  z.strictObject({ action: z.literal('skew'), venue, bps }),
  z.strictObject({ action: z.literal('jump'), asset, bps }),
  z.strictObject({ action: z.literal('price'), asset, price: dollars, pinned: z.boolean().default(false) }),
  z.strictObject({ action: z.literal('reset') }),
]);
export type Control = z.infer<typeof controlSchema>;

const STATE_AFTER = { freeze: 'frozen', stop: 'stopped', resume: 'open' } as const satisfies Record<string, VenueState>;

export function applyControl(venues: PriceVenues, command: Control): void {
  switch (command.action) {
    case 'freeze':
    case 'stop':
    case 'resume':
      return setStates(venues, STATE_AFTER[command.action], command.venue);
    case 'skew':
      return venues.market.skew(command.venue, BigInt(command.bps));
    case 'jump':
      return venues.market.jump(command.asset, BigInt(command.bps), venues.step);
    case 'price':
      return venues.market.setPrice(command.asset, command.price, command.pinned, venues.step);
    case 'reset':
      venues.market.reset();
      return setStates(venues, 'open');
  }
}

function setStates(venues: PriceVenues, state: VenueState, only?: Venue): void {
  for (const each of only ? [only] : VENUES) venues.setState(each, state);
}
