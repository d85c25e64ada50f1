import { createHash } from 'node:crypto';
import { type Ticket } from '@core/contracts';
import {
  decodeEthereumAddress,
  type EthereumTransfer,
  type KeyPosition,
  readEthereumTransfer,
  signEthereumTransfer,
} from '@core/wallet';
import { ETHEREUM_HOT, type HotKeyring } from './hot-keyring.js';
import { type AssetLimits, checkFee } from './limits.js';
import { type Prepared } from './prepared.js';
import { demand } from './signer-refusal.js';

const DEPOSIT_BRANCH = 0;

/** A plain transfer takes 21,000; to an account that carries code a little more. Beyond this somebody is running a contract. */
const MAX_GAS = 100_000n;

/** Decodes unsigned EIP-1559 bytes and holds them against the ticket and the one way money may take for its purpose. */
export function prepareEthereum(
  request: { unsigned: string; from: KeyPosition },
  ticket: Ticket,
  keyring: HotKeyring,
  limits: AssetLimits,
): Prepared {
  const { unsigned, from } = request;
  demand(ticket.chainId === keyring.ethereumChain, 'wrong_chain', `this signer signs for ${keyring.ethereumChain}`);
  demand(ticket.asset === 'ETH', 'wrong_asset', 'a plain transfer moves ETH');
  const transfer = readEthereumTransfer(unsigned);
  demand(transfer.chainId === keyring.ethereumChainId, 'wrong_chain', 'the transaction is for another chain');
  demand(transfer.gasLimit <= MAX_GAS, 'transaction_refused', 'more gas than a transfer takes');
  const { address } = decodeEthereumAddress(ticket.destination);
  demand(address === ticket.destination, 'wrong_destination', 'destination is not spelled canonically');
  demand(transfer.to === address, 'wrong_destination', 'the transfer goes elsewhere');
  demand(transfer.value === BigInt(ticket.amount), 'wrong_amount', 'the transfer is not the amount of the ticket');
  checkRoute(transfer, from, ticket, keyring);
  const fee = transfer.gasLimit * transfer.maxFeePerGas;
  checkFee({ total: fee, perUnit: transfer.maxFeePerGas }, ticket, limits);
  return {
    digest: createHash('sha256').update(unsigned).digest('hex'),
    claims: [`${keyring.ethereumAddress(from)}:${transfer.nonce}`],
    fee,
    sign: () => {
      const { raw, hash } = signEthereumTransfer(unsigned, keyring.ethereumSigner(from));
      return { raw, txid: hash };
    },
  };
}

/** Withdrawals leave the hot address, sweeps enter it from a deposit address, cancellations pay nothing to themselves. */
function checkRoute(transfer: EthereumTransfer, from: KeyPosition, ticket: Ticket, keyring: HotKeyring): void {
  const isHot = from.branch === ETHEREUM_HOT.branch && from.index === ETHEREUM_HOT.index;
  const own = keyring.ethereumAddress(from);
  switch (ticket.purpose) {
    case 'withdrawal':
      demand(isHot, 'foreign_input', 'withdrawals leave from the hot address only');
      demand(transfer.to !== own, 'wrong_destination', 'a withdrawal to ourselves');
      demand(transfer.value > 0n, 'wrong_amount', 'a withdrawal of nothing');
      return;
    case 'sweep':
      demand(from.branch === DEPOSIT_BRANCH, 'foreign_input', 'sweeps leave from deposit addresses only');
      demand(
        transfer.to === keyring.ethereumAddress(ETHEREUM_HOT),
        'wrong_destination',
        'sweeps go to the hot address only',
      );
      demand(transfer.value > 0n, 'wrong_amount', 'a sweep of nothing');
      return;
    case 'cancel':
      demand(isHot || from.branch === DEPOSIT_BRANCH, 'foreign_input', 'not an address that we send from');
      demand(
        transfer.to === own && transfer.value === 0n,
        'wrong_destination',
        'a cancellation pays nothing to itself',
      );
      return;
  }
}
