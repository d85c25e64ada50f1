import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type z } from 'zod';
import { Access, Caller, type Operator } from '@base/http';
import {
  type Origin,
  RequestOrigin,
  StepUp,
  stepUpProofOf,
  stepUpRequestSchema,
  type SteppedUp,
  steppedUpSchema,
} from '@platform/identity';

/** A fresh confirmation for one operation: its token goes into that request's `X-Step-Up` header and fits no other. */
@ApiTags('Authentication')
@Controller('v1/step-up')
export class StepUpController {
  constructor(private readonly stepUp: StepUp) {}

  @Access('operator', { roles: 'any' })
  @Post()
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: steppedUpSchema })
  issue(
    @Caller() caller: Operator,
    @Body({ schema: stepUpRequestSchema }) given: z.infer<typeof stepUpRequestSchema>,
    @RequestOrigin() origin: Origin,
  ): Promise<SteppedUp> {
    return this.stepUp.issue({
      principalId: caller.id,
      sessionId: caller.credential.id,
      operation: { method: given.method, path: given.path, body: given.body ?? null },
      proof: stepUpProofOf(given),
      origin,
    });
  }
}
