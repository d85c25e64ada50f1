export { decodeBitcoinAddress, encodeBitcoinScript, p2wpkhAddress, p2wpkhScript } from './bitcoin-address.js';
export type { BitcoinAddress, BitcoinScriptType } from './bitcoin-address.js';
export { buildPsbt, readPsbt, REPLACEABLE_SEQUENCE } from './bitcoin-psbt.js';
export type { KeyOrigin, PsbtInput, PsbtOutput, UnsignedBitcoinTransaction } from './bitcoin-psbt.js';
export { bitcoinSighashes, signBitcoinTransaction, verifySigned } from './bitcoin-signing.js';
export type { SignedBitcoinTransaction } from './bitcoin-signing.js';
export { selectCoins, shuffled } from './coin-selection.js';
export type { Coin, CoinRequest, CoinSelection } from './coin-selection.js';
export { derSignature, parseDerSignature, publicKeyOf, signDigest, verifyDigest } from './ecdsa.js';
export type { DigestSigner, Signature } from './ecdsa.js';
export { decodeEthereumAddress, ethereumAddressOf } from './ethereum-address.js';
export type { EthereumAddress } from './ethereum-address.js';
export {
  buildEthereumTransfer,
  readEthereumTransfer,
  readSignedTransfer,
  signEthereumTransfer,
} from './ethereum-transaction.js';
export type { EthereumTransfer, SignedEthereumTransaction } from './ethereum-transaction.js';
export { accountPath, extendedKeyVersions, keyPath, masterKey, parsePath, WatchOnlyAccount } from './hd-key.js';
export type { Branch, KeyPosition } from './hd-key.js';
export { entropyFromPhrase, phraseFromEntropy, seedFromPhrase } from './mnemonic.js';
export { BITCOIN_NETWORKS } from './networks.js';
export type { BitcoinNetwork, BitcoinNetworkParameters } from './networks.js';
export { rlpEncode } from './rlp.js';
export type { Rlp } from './rlp.js';
export {
  dustThreshold,
  feeForWeight,
  outputWeight,
  P2WPKH_INPUT_WEIGHT,
  transactionWeight,
} from './transaction-weight.js';
export { WalletRefusal } from './wallet-refusal.js';
export type { WalletRefusalCode } from './wallet-refusal.js';
