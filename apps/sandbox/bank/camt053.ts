import { cents, decimal } from './amounts.js';
import { type Line, type Nostro } from './ledger.js';

const escape = (text: string): string =>
  text
    .replace(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0) ?? 0};`)
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, '?');

const tag = (name: string, ...content: readonly string[]): string => `<${name}>${content.join('')}</${name}>`;
const text = (name: string, content: string): string => tag(name, escape(content));
const amount = (value: string, currency: string): string => `<Amt Ccy="${currency}">${value}</Amt>`;

function balance(code: string, value: bigint, currency: string, date: string): string {
  return tag(
    'Bal',
    tag('Tp', tag('CdOrPrtry', text('Cd', code))),
    amount(decimal(value < 0n ? -value : value), currency),
    text('CdtDbtInd', value < 0n ? 'DBIT' : 'CRDT'),
    tag('Dt', text('Dt', date)),
  );
}

function entry(line: Line): string {
  const party = line.direction === 'credit' ? 'Dbtr' : 'Cdtr';
  const references = [
    text('AcctSvcrRef', line.id),
    ...(line.paymentId === null ? [] : [text('InstrId', line.paymentId)]),
    text('EndToEndId', line.endToEndId ?? 'NOTPROVIDED'),
  ];
  const details = tag(
    'TxDtls',
    tag('Refs', ...references),
    amount(line.amount, line.currency),
    text('CdtDbtInd', line.direction === 'credit' ? 'CRDT' : 'DBIT'),
    tag(
      'RltdPties',
      tag(party, tag('Pty', text('Nm', line.counterparty.name))),
      tag(`${party}Acct`, tag('Id', text('IBAN', line.counterparty.account))),
    ),
    tag('RmtInf', text('Ustrd', line.reference)),
    ...(line.returnReason === null ? [] : [tag('RtrInf', tag('Rsn', text('Cd', line.returnReason)))]),
  );
  return tag(
    'Ntry',
    text('NtryRef', String(line.seq)),
    amount(line.amount, line.currency),
    text('CdtDbtInd', line.direction === 'credit' ? 'CRDT' : 'DBIT'),
    tag('Sts', text('Cd', 'BOOK')),
    tag('BookgDt', text('DtTm', line.bookedAt)),
    tag('ValDt', text('Dt', line.bookedAt.slice(0, 10))),
    text('AcctSvcrRef', line.id),
    tag('NtryDtls', details),
  );
}

/**
 * A day's statement of one account in the shape of ISO 20022 camt.053.001.08: balance before, every booked line with the bank's own reference,
 * balance after. The last balance is `CLBD` for a day that is over and `ITBD` for the day in progress.
 */
export function camt053(statement: {
  nostro: Nostro;
  date: string;
  before: bigint;
  lines: readonly Line[];
  now: Date;
}): string {
  const { nostro, date, before, lines, now } = statement;
  const after = lines.reduce(
    (sum, line) => sum + (line.direction === 'credit' ? 1n : -1n) * cents(line.amount),
    before,
  );
  const id = `${nostro.currency}-${date}`;
  const over = date < now.toISOString().slice(0, 10);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">${tag(
    'BkToCstmrStmt',
    tag('GrpHdr', text('MsgId', `${id}-${lines.length}`), text('CreDtTm', now.toISOString())),
    tag(
      'Stmt',
      text('Id', id),
      text('CreDtTm', now.toISOString()),
      tag('Acct', tag('Id', text('IBAN', nostro.account)), text('Ccy', nostro.currency)),
      balance('OPBD', before, nostro.currency, date),
      balance(over ? 'CLBD' : 'ITBD', after, nostro.currency, date),
      ...lines.map(entry),
    ),
  )}</Document>\n`;
}
