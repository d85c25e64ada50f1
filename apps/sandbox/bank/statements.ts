import { found } from '../outside/problem.js';
import { cents, type Currency } from './amounts.js';
import { camt053 } from './camt053.js';
import { type BankLedger, type Line } from './ledger.js';

const dateOf = (line: Line): string => line.bookedAt.slice(0, 10);

/** Which days of which currency have lines, with how many. */
export function listStatements(ledger: BankLedger): { currency: Currency; date: string; lines: number }[] {
  const days = new Map<string, { currency: Currency; date: string; lines: number }>();
  for (const line of ledger.lines.all()) {
    const { currency } = line;
    const date = dateOf(line);
    const day = days.get(`${currency} ${date}`) ?? { currency, date, lines: 0 };
    days.set(`${currency} ${date}`, { ...day, lines: day.lines + 1 });
  }
  return [...days.values()];
}

/** @throws Problem 404 for a day without lines */
export function statementXml(ledger: BankLedger, currency: Currency, date: string): string {
  const all = ledger.lines.all().filter((line) => line.currency === currency);
  const lines = all.filter((line) => dateOf(line) === date);
  const first = found(lines[0], 'statement');
  const before = cents(first.balanceAfter) - (first.direction === 'credit' ? 1n : -1n) * cents(first.amount);
  return camt053({ nostro: ledger.nostro(currency), date, before, lines, now: new Date() });
}
