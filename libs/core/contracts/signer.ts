import { sha256 } from '@noble/hashes/sha2.js';
import { z } from 'zod';

// What the worker and the signer say to each other over the signer's Unix socket: one JSON object per frame, a four-byte big-endian
// length before it. There is no request that signs bytes: every signature is of a transaction that a ticket allows.

/** Longest frame either side accepts: a PSBT with 200 inputs and their previous transactions fits many times over. */
export const SIGNER_FRAME_LIMIT = 4 * 1024 * 1024;

const minorUnits = z.string().regex(/^(0|[1-9]\d{0,77})$/);

/** `bitcoin:mainnet`, `bitcoin:regtest`, …, or `eip155:<chain id>`. */
export const chainIdSchema = z.string().regex(/^(bitcoin:(mainnet|testnet|signet|regtest)|eip155:[1-9]\d{0,17})$/);

/**
 * What has been allowed: not a transaction, but the limits that any transaction for this intent has to keep. A bump therefore needs no
 * new approval, and inputs may change between approval and signing.
 */
export const ticketSchema = z.strictObject({
  intentId: z.uuid(),
  /** `sweep` and `cancel` pay ourselves: the signer derives the destination again. */
  purpose: z.enum(['withdrawal', 'sweep', 'cancel']),
  chainId: chainIdSchema,
  asset: z.string().regex(/^[A-Z0-9]{2,12}$/),
  /** Canonical spelling: bech32 lower case, EIP-55. */
  destination: z.string().min(14).max(90),
  /** Minor units that arrive at the destination. */
  amount: minorUnits,
  /** Minor units of the chain's own asset that any attempt may pay to the network. */
  maxFee: minorUnits,
  /** Milliseconds since 1970. */
  expiresAt: z.int().positive(),
  policyVersion: z.int().positive(),
});
export type Ticket = z.infer<typeof ticketSchema>;

/** One Ed25519 signature over the ticket's digest. Today the withdrawal authority gives one; a quorum gives several. */
export const approvalSchema = z.strictObject({
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
  signature: z.string().regex(/^[0-9a-f]{128}$/),
});
export type Approval = z.infer<typeof approvalSchema>;

const keyPositionSchema = z.strictObject({
  branch: z.union([z.literal(0), z.literal(1)]),
  index: z.int().min(0).max(0x7fffffff),
});

export const signRequestSchema = z.strictObject({
  type: z.literal('sign'),
  id: z.uuid(),
  ticket: ticketSchema,
  approvals: z.array(approvalSchema).min(1).max(16),
  /** 1 for the first transaction of an intent; each later one must conflict on chain with all before it. */
  attempt: z.int().min(1).max(1000),
  /** Entries of the signer's log that the caller has already seen: a signer restored from an old copy refuses. */
  logAtLeast: z.int().min(0),
  transaction: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('bitcoin'), psbt: z.string().min(1).max(SIGNER_FRAME_LIMIT) }),
    z.strictObject({
      kind: z.literal('ethereum'),
      unsigned: z
        .string()
        .regex(/^0x([0-9a-f]{2})+$/)
        .max(4096),
      from: keyPositionSchema,
    }),
  ]),
});
export type SignRequest = z.infer<typeof signRequestSchema>;

export const signerRequestSchema = z.discriminatedUnion('type', [
  signRequestSchema,
  /** Public halves of the accounts, for deriving addresses without the signer. */
  z.strictObject({ type: z.literal('describe'), id: z.uuid() }),
  /** Stops all signing until a person removes the flag by hand, beside the signer. */
  z.strictObject({ type: z.literal('freeze'), id: z.uuid(), reason: z.string().min(1).max(200) }),
]);
export type SignerRequest = z.infer<typeof signerRequestSchema>;

/** Why the signer did not sign. */
export const SIGNER_REFUSALS = [
  'malformed_request',
  'frozen',
  'ticket_expired',
  'ticket_not_approved',
  'policy_version_unknown',
  'wrong_chain',
  'wrong_asset',
  'wrong_destination',
  'wrong_amount',
  'foreign_input',
  'foreign_output',
  'fee_above_ticket',
  'fee_above_cap',
  'transaction_refused',
  'attempt_changed',
  'attempt_out_of_order',
  'attempt_does_not_conflict',
  'intent_changed',
  'coin_of_another_intent',
  'nonce_of_another_intent',
  'window_exceeded',
  'log_is_behind',
  'unavailable',
] as const;
export type SignerRefusalCode = (typeof SIGNER_REFUSALS)[number];

export const signerAccountSchema = z.strictObject({
  chainId: chainIdSchema,
  path: z.string().max(64),
  fingerprint: z.string().regex(/^[0-9a-f]{8}$/),
  xpub: z.string().max(120),
});
export type SignerAccount = z.infer<typeof signerAccountSchema>;

export const signerResponseSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('signed'),
    id: z.uuid(),
    /** Ready to broadcast: hexadecimal, with `0x` on Ethereum. */
    raw: z.string().max(SIGNER_FRAME_LIMIT),
    txid: z.string().regex(/^(0x)?[0-9a-f]{64}$/),
    /** Length of the signer's log after this signature; hand it back as `logAtLeast`. */
    logLength: z.int().min(1),
  }),
  z.strictObject({
    type: z.literal('refused'),
    id: z.uuid().nullable(),
    refusal: z.enum(SIGNER_REFUSALS),
    detail: z.string().max(500),
  }),
  z.strictObject({
    type: z.literal('described'),
    id: z.uuid(),
    accounts: z.array(signerAccountSchema).max(64),
    frozen: z.boolean(),
    logLength: z.int().min(0),
  }),
  z.strictObject({ type: z.literal('frozen'), id: z.uuid() }),
]);
export type SignerResponse = z.infer<typeof signerResponseSchema>;

const TICKET_FIELDS = ['intentId', 'purpose', 'chainId', 'asset', 'destination', 'amount', 'maxFee', 'expiresAt', 'policyVersion'] as const satisfies readonly (keyof Ticket)[]; // prettier-ignore

/**
 * The 32 bytes that an approver signs: SHA-256 over a domain tag and every field of the ticket in fixed order, each with its length,
 * so that no two tickets share an encoding.
 */
export function ticketDigest(ticket: Ticket): Uint8Array {
  const hash = sha256.create();
  for (const part of [
    'strongroom withdrawal ticket, version 1',
    ...TICKET_FIELDS.map((field) => String(ticket[field])),
  ]) {
    const bytes = new TextEncoder().encode(part);
    hash.update(Uint8Array.of(bytes.length >>> 24, bytes.length >>> 16, bytes.length >>> 8, bytes.length));
    hash.update(bytes);
  }
  return hash.digest();
}
