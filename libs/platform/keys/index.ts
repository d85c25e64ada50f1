export { gatherEntropy, WeakRandomness, type RandomSource } from './entropy.js';
export { encodeFrame, FrameError, FrameReader } from './frames.js';
export { KeyWrapperError, type KeyWrapper, type WrappedKey } from './key-wrapper.js';
export { PassphraseFileWrapper } from './passphrase-file-wrapper.js';
export { openSeed, sealSeed, type SealedSeed, type SeedLabel } from './sealed-seed.js';
export {
  SignerClient,
  SignerRefused,
  SignerUnavailable,
  type SignedTransaction,
  type TransactionSigner,
} from './signer-client.js';
export { TicketAuthority, TicketVerifier, type TicketPolicy } from './ticket-key.js';
export { AccountChanged, AccountKeys, WatchOnlyAccounts, type KeyTier } from './watch-only-accounts.js';
