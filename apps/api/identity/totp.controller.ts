import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Access, Caller, type Customer } from '@base/http';
import {
  AuthenticatorApp,
  confirmedTotpSchema,
  enrolledTotpSchema,
  type IssuedSession,
  issuedSessionSchema,
  notBothProofs,
  type Origin,
  passwordSchema,
  RequestOrigin,
  secondFactorFields,
  secondFactorOf,
  totpCodeSchema,
} from '@platform/identity';

const enrolling = z.strictObject({ password: passwordSchema() }).meta({ id: 'TotpEnrolment' });
const confirming = z.strictObject({ code: totpCodeSchema() }).meta({ id: 'TotpConfirmation' });
const disabling = z
  .strictObject({ password: passwordSchema(), ...secondFactorFields() })
  .refine(notBothProofs, { path: ['recoveryCode'], message: 'cannot stand beside code' })
  .meta({ id: 'TotpRemoval' });

/** The authenticator app. Adding or removing it ends every session; the answer holds a new one. */
@ApiTags('Authentication')
@Access('customer', { scope: 'manage' })
@Controller('v1/auth/totp')
export class TotpController {
  constructor(private readonly app: AuthenticatorApp) {}

  @Post('enrol')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: enrolledTotpSchema })
  enrol(
    @Caller() caller: Customer,
    @Body({ schema: enrolling }) { password }: z.infer<typeof enrolling>,
    @RequestOrigin() origin: Origin,
  ): Promise<z.infer<typeof enrolledTotpSchema>> {
    return this.app.enrol({ principalId: caller.id, password, origin });
  }

  @Post('confirm')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: confirmedTotpSchema })
  confirm(
    @Caller() caller: Customer,
    @Body({ schema: confirming }) { code }: z.infer<typeof confirming>,
    @RequestOrigin() origin: Origin,
  ): Promise<{ recoveryCodes: string[]; session: IssuedSession }> {
    return this.app.confirm({ principalId: caller.id, code, origin });
  }

  @Post('disable')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: issuedSessionSchema })
  disable(
    @Caller() caller: Customer,
    @Body({ schema: disabling }) body: z.infer<typeof disabling>,
    @RequestOrigin() origin: Origin,
  ): Promise<IssuedSession> {
    return this.app.disable({ principalId: caller.id, password: body.password, second: secondFactorOf(body), origin });
  }
}
