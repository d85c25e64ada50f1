import leveldown, { type RangeOptions } from 'leveldown';

const BOUNDS = ['gt', 'gte', 'lt', 'lte'] as const;
const openIterator = leveldown.prototype.iterator;

/**
 * Makes bcoin's database read ranges from a newer leveldown. bdb sets a bound that it does not want to null; leveldown 4
 * took that as absent, leveldown 6 turns it into the text "null", and every range comes back empty without an error.
 */
function iterator(this: unknown, options: RangeOptions): unknown {
  const present = Object.entries(options).filter(([name, value]) => value !== null || !isBound(name));
  return openIterator.call(this, Object.fromEntries(present));
}

const isBound = (name: string): boolean => BOUNDS.some((bound) => bound === name);

leveldown.prototype.iterator = iterator;
