import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Access, Caller, type Customer } from '@base/http';
import {
  type Origin,
  passwordSchema,
  recoveryCodeSchema,
  RequestOrigin,
  StepUp,
  type SteppedUp,
  type StepUpProof,
  totpCodeSchema,
} from '@platform/identity';

const stepUpRequest = z
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

const steppedUp = z
  .object({ token: z.string(), expiresAt: z.iso.datetime(), digest: z.string() })
  .meta({ id: 'SteppedUp' });

/** A fresh confirmation for one operation: its token goes into that request's `X-Step-Up` header and fits no other. */
@ApiTags('Authentication')
@Controller('v1/step-up')
export class StepUpController {
  constructor(private readonly stepUp: StepUp) {}

  @Access('customer', { scope: 'manage' })
  @Post()
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: steppedUp })
  issue(
    @Caller() caller: Customer,
    @Body({ schema: stepUpRequest }) given: z.infer<typeof stepUpRequest>,
    @RequestOrigin() origin: Origin,
  ): Promise<SteppedUp> {
    return this.stepUp.issue({
      principalId: caller.id,
      sessionId: caller.credential.id,
      operation: { method: given.method, path: given.path, body: given.body ?? null },
      proof: proofOf(given),
      origin,
    });
  }
}

function proofOf({ code, recoveryCode, password }: z.infer<typeof stepUpRequest>): StepUpProof {
  if (code !== undefined) return { code };
  return recoveryCode === undefined ? { password: password ?? '' } : { recoveryCode };
}
