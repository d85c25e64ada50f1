import { z } from 'zod';
import { passwordSchema, recoveryCodeSchema, totpCodeSchema } from './schemas.js';
import { type StepUpProof } from './step-up.js';

/** What a step-up is asked for: the request as it will be sent, and exactly one proof. */
export const stepUpRequestSchema = z
  .strictObject({
    method: z.enum(['POST', 'PUT', 'PATCH', 'DELETE']),
    path: z
      .string()
      .max(300)
      .regex(/^\/v1\/[A-Za-z0-9/_-]+$/, 'must be the path of the operation, without a query'),
    body: z.unknown().meta({ description: 'The very body that will be sent; leave it out where there is none' }),
    code: totpCodeSchema().optional(),
    recoveryCode: recoveryCodeSchema().optional(),
    password: passwordSchema().optional().meta({ description: 'Only where no authenticator app is enrolled' }),
  })
  .refine(
    ({ code, recoveryCode, password }) =>
      [code, recoveryCode, password].filter((proof) => proof !== undefined).length === 1,
    {
      path: ['code'],
      message: 'exactly one of code, recoveryCode and password must be given',
    },
  )
  .meta({ id: 'StepUpRequest' });

export const steppedUpSchema = z
  .object({ token: z.string(), expiresAt: z.iso.datetime(), digest: z.string() })
  .meta({ id: 'SteppedUp' });

/** The one proof that was given. */
export function stepUpProofOf({ code, recoveryCode, password }: z.infer<typeof stepUpRequestSchema>): StepUpProof {
  if (code !== undefined) return { code };
  return recoveryCode === undefined ? { password: password ?? '' } : { recoveryCode };
}
