import { type AssetCode, AmountError, isAssetCode, parseAmount } from '@core/money';
import { type BankStatement } from './bank-rail.js';
import { OutsideNonsense } from './outside-error.js';
import { all, at, parseXml, textAt, type XmlElement } from './xml.js';

const NAMESPACE = /^urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.\d{2}$/;

/**
 * A bank-to-customer statement (ISO 20022 camt.053.001, versions 02 and later) with one account and one day in it. What the bank states twice is
 * checked: one currency throughout, and opening + Σ booked entries = closing.
 * @throws OutsideNonsense
 */
export function readCamt053(xml: string): BankStatement {
  const document = parseXml(xml);
  if (!NAMESPACE.test(document.attributes.xmlns ?? '')) throw new OutsideNonsense('this is not a camt.053 statement');
  const statement = at(document, 'BkToCstmrStmt', 'Stmt');
  if (statement === undefined) throw new OutsideNonsense('there is no statement in it');
  const asset = assetOf(textAt(statement, 'Acct', 'Ccy'));
  const opening = balance(statement, asset, ['OPBD', 'PRCD']);
  const closing = balance(statement, asset, ['CLBD', 'ITBD']);
  const lines = all(statement, 'Ntry')
    .filter((entry) => (at(entry, 'Sts', 'Cd') ?? at(entry, 'Sts'))?.text === 'BOOK')
    .map((entry) => line(entry, asset));
  const sum = lines.reduce((total, { direction, amount }) => total + (direction === 'credit' ? amount : -amount), 0n);
  if (opening.amount + sum !== closing.amount) throw new OutsideNonsense('the statement does not add up');
  return { asset, date: opening.date, opening: opening.amount, closing: closing.amount, lines };
}

function assetOf(code: string): AssetCode {
  if (!isAssetCode(code)) throw new OutsideNonsense(`a statement in ${code.slice(0, 3)}`);
  return code;
}

function line(entry: XmlElement, asset: AssetCode): BankStatement['lines'][number] {
  const details = at(entry, 'NtryDtls', 'TxDtls');
  const endToEndId = details && at(details, 'Refs', 'EndToEndId')?.text;
  const bookedAt = new Date(at(entry, 'BookgDt', 'DtTm')?.text ?? textAt(entry, 'BookgDt', 'Dt'));
  if (Number.isNaN(bookedAt.getTime())) throw new OutsideNonsense('an entry has no time');
  return {
    id: textAt(entry, 'AcctSvcrRef'),
    direction: textAt(entry, 'CdtDbtInd') === 'CRDT' ? 'credit' : 'debit',
    amount: amount(entry, asset),
    bookedAt,
    endToEndId: endToEndId === undefined || endToEndId === 'NOTPROVIDED' ? null : endToEndId,
    reference: (details && at(details, 'RmtInf', 'Ustrd')?.text) ?? '',
  };
}

function amount(element: XmlElement, asset: AssetCode): bigint {
  const stated = at(element, 'Amt');
  if (stated?.attributes.Ccy !== asset) throw new OutsideNonsense('an amount is in another currency');
  try {
    return parseAmount(stated.text, asset);
  } catch (error) {
    if (!(error instanceof AmountError)) throw error;
    throw new OutsideNonsense('an amount is not one');
  }
}

function balance(statement: XmlElement, asset: AssetCode, codes: readonly string[]): { amount: bigint; date: string } {
  const stated = all(statement, 'Bal').find((bal) => codes.includes(at(bal, 'Tp', 'CdOrPrtry', 'Cd')?.text ?? ''));
  if (stated === undefined) throw new OutsideNonsense(`there is no ${codes.join(' or ')} balance`);
  const sign = textAt(stated, 'CdtDbtInd') === 'DBIT' ? -1n : 1n;
  return { amount: sign * amount(stated, asset), date: textAt(stated, 'Dt', 'Dt') };
}
