import { z } from 'zod';
import { PASSWORD_MAX_CHARACTERS } from './password-policy.js';
import { type SecondFactorProof } from './second-factor.js';

/** One spelling of an address: lower case. */
export const emailSchema = () =>
  z
    .email()
    .max(254)
    .transform((email) => email.toLowerCase())
    .meta({ description: 'E-mail address; upper and lower case are the same', examples: ['ada@example.com'] });

/** Any password somebody may have; whether it is good enough is asked when it is chosen. UTF-16 units, so twice the characters. */
export const passwordSchema = () =>
  z
    .string()
    .min(1)
    .max(PASSWORD_MAX_CHARACTERS * 2);

/** A token out of a message, or of a session. */
export const tokenSchema = () => z.string().regex(/^sr[a-z]_[A-Za-z0-9_-]{43}$/, 'is not a token of ours');

export const totpCodeSchema = () =>
  z
    .string()
    .regex(/^[0-9]{6}$/, 'must be six digits')
    .meta({ examples: ['492039'] });

export const recoveryCodeSchema = () =>
  z
    .string()
    .max(40)
    .regex(/^[0-9a-zA-Z]{4}(-?[0-9a-zA-Z]{4}){3}$/, 'must be four groups of four');

/** A code or a recovery code, where at most one may stand. */
export const secondFactorFields = () => ({
  code: totpCodeSchema().optional(),
  recoveryCode: recoveryCodeSchema().optional(),
});

/** The proof among the fields, if there is one. */
export function secondFactorOf(fields: {
  code?: string | undefined;
  recoveryCode?: string | undefined;
}): SecondFactorProof | undefined {
  if (fields.code !== undefined) return { code: fields.code };
  return fields.recoveryCode === undefined ? undefined : { recoveryCode: fields.recoveryCode };
}

/** Refuses both proofs at once: nobody should wonder which one was used up. */
export const notBothProofs = (fields: { code?: unknown; recoveryCode?: unknown }): boolean =>
  fields.code === undefined || fields.recoveryCode === undefined;

/** What a client gets of a session. */
export const issuedSessionSchema = z
  .object({
    sessionId: z.uuid(),
    accessToken: z.string(),
    accessExpiresAt: z.iso.datetime(),
    refreshToken: z.string(),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'IssuedSession' });

export const enrolledTotpSchema = z
  .object({ secret: z.string(), uri: z.string().meta({ description: 'For a QR code' }) })
  .meta({ id: 'EnrolledTotp' });

export const confirmedTotpSchema = z
  .object({ recoveryCodes: z.array(z.string()), session: issuedSessionSchema })
  .meta({ id: 'ConfirmedTotp' });
