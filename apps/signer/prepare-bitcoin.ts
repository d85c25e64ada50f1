import { createHash } from 'node:crypto';
import { type Ticket } from '@core/contracts';
import { decodeBitcoinAddress, dustThreshold, type KeyOrigin, type KeyPosition, parsePath, readPsbt, signBitcoinTransaction, transactionWeight, type UnsignedBitcoinTransaction } from '@core/wallet'; // prettier-ignore
import { type HotKeyring } from './hot-keyring.js';
import { type AssetLimits, checkFee } from './limits.js';
import { type Prepared } from './prepared.js';
import { demand } from './signer-refusal.js';

/** More change outputs than this serve nobody. */
const MAX_CHANGE_OUTPUTS = 8;
const CHANGE_BRANCH = 1;

/**
 * Decodes a PSBT and holds it against the ticket: every input is a coin of ours by a key derived again here; exactly the ticket's amount
 * goes to exactly the ticket's destination; whatever else there is comes back to us; the fee keeps every limit.
 */
export function prepareBitcoin(psbt: string, ticket: Ticket, keyring: HotKeyring, limits: AssetLimits): Prepared {
  demand(ticket.chainId === keyring.bitcoinChainId, 'wrong_chain', `this signer signs for ${keyring.bitcoinChainId}`);
  demand(ticket.asset === 'BTC', 'wrong_asset', 'a Bitcoin transaction moves BTC');
  demand(ticket.purpose !== 'sweep', 'wrong_destination', 'Bitcoin deposits are spent where they are');
  const unsigned = readPsbt(psbt);
  demand(unsigned.version === 2, 'transaction_refused', 'transaction version is not 2');
  demand(unsigned.lockTime < 500_000_000, 'transaction_refused', 'lock time is not a height');
  checkInputs(unsigned, keyring);
  if (ticket.purpose === 'cancel') checkCancellation(unsigned, ticket, keyring);
  else checkPayment(unsigned, ticket, keyring);
  checkFee({ total: unsigned.fee, perUnit: feeRate(unsigned) }, ticket, limits);
  return {
    digest: createHash('sha256').update(unsigned.bytes).digest('hex'),
    claims: unsigned.inputs.map(({ txid, vout }) => `${txid}:${vout}`),
    fee: unsigned.fee,
    sign: () => {
      const signed = signBitcoinTransaction(unsigned, (origin) => keyring.bitcoinSigner(ownPosition(origin, keyring)));
      return { raw: signed.raw, txid: signed.txid };
    },
  };
}

function checkInputs({ inputs }: UnsignedBitcoinTransaction, keyring: HotKeyring): void {
  const outpoints = new Set(inputs.map(({ txid, vout }) => `${txid}:${vout}`));
  demand(outpoints.size === inputs.length, 'transaction_refused', 'the same coin twice');
  for (const { origin, script, sequence } of inputs) {
    const position = ownPosition(origin, keyring);
    demand(
      sameBytes(script, keyring.bitcoinScript(position)),
      'foreign_input',
      'the coin is not locked by the key it names',
    );
    // Replaceable, so that a stuck transaction can be bumped, and without a relative lock that nobody asked for.
    demand(sequence === 0xfffffffd, 'transaction_refused', 'sequence is not the replaceable one');
  }
}

function checkPayment({ outputs }: UnsignedBitcoinTransaction, ticket: Ticket, keyring: HotKeyring): void {
  const { script, address } = decodeBitcoinAddress(ticket.destination, keyring.network);
  demand(address === ticket.destination, 'wrong_destination', 'destination is not spelled canonically');
  const payments = outputs.filter(({ origin }) => origin === undefined);
  const [payment] = payments;
  demand(payment !== undefined, 'wrong_destination', 'no output pays the destination');
  demand(payments.length === 1, 'foreign_output', 'more than one output leaves the wallet');
  demand(sameBytes(payment.script, script), 'wrong_destination', 'the payment goes elsewhere');
  demand(payment.value === BigInt(ticket.amount), 'wrong_amount', 'the payment is not the amount of the ticket');
  demand(payment.value >= dustThreshold(script), 'wrong_amount', 'the payment is dust');
  checkChange(outputs, keyring);
}

function checkCancellation({ outputs }: UnsignedBitcoinTransaction, ticket: Ticket, keyring: HotKeyring): void {
  demand(ticket.amount === '0', 'wrong_amount', 'a cancellation moves nothing to anybody');
  demand(
    outputs.every(({ origin }) => origin !== undefined),
    'foreign_output',
    'a cancellation pays nobody but us',
  );
  checkChange(outputs, keyring);
  const { script } = decodeBitcoinAddress(ticket.destination, keyring.network);
  const [first] = outputs;
  demand(
    first !== undefined && sameBytes(first.script, script),
    'wrong_destination',
    'the cancellation goes elsewhere',
  );
}

function checkChange(outputs: UnsignedBitcoinTransaction['outputs'], keyring: HotKeyring): void {
  const change = outputs.filter(({ origin }) => origin !== undefined);
  demand(change.length <= MAX_CHANGE_OUTPUTS, 'transaction_refused', 'too many change outputs');
  for (const { origin, script, value } of change) {
    demand(origin !== undefined, 'foreign_output', 'change without a key');
    const position = ownPosition(origin, keyring, 'foreign_output');
    demand(position.branch === CHANGE_BRANCH, 'foreign_output', 'change goes to the change branch');
    demand(
      sameBytes(script, keyring.bitcoinScript(position)),
      'foreign_output',
      'change is not locked by the key it names',
    );
    demand(value >= dustThreshold(script), 'transaction_refused', 'change is dust');
  }
}

/** Reads an origin as a position of our account, and derives its key again: nothing that the PSBT claims about keys is believed. */
function ownPosition(
  origin: KeyOrigin,
  keyring: HotKeyring,
  refusal: 'foreign_input' | 'foreign_output' = 'foreign_input',
): KeyPosition {
  const steps = parsePath(origin.path);
  const [branch, index] = steps.slice(3);
  demand(
    (branch === 0 || branch === 1) && index !== undefined && steps.length === 5,
    refusal,
    'not a path of the hot account',
  );
  const position: KeyPosition = { branch, index };
  demand(index < 0x80000000, refusal, 'not a path of the hot account');
  demand(
    origin.path === keyring.bitcoinPath(position) && origin.fingerprint === keyring.fingerprint,
    refusal,
    'not a path of the hot account',
  );
  demand(
    sameBytes(origin.publicKey, keyring.bitcoinPublicKey(position)),
    refusal,
    'the key is not the one at its path',
  );
  return position;
}

/** Satoshi per 1,000 virtual bytes of the signed transaction, at its largest. */
function feeRate({ inputs, outputs, fee }: UnsignedBitcoinTransaction): bigint {
  const weight = transactionWeight({
    inputs: inputs.length,
    scriptLengths: outputs.map(({ script }) => script.length),
  });
  return (fee * 1000n) / BigInt(Math.ceil(weight / 4));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
