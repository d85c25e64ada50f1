import { Body, Controller, Delete, HttpCode, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Access, Caller, type Operator } from '@base/http';
import {
  AuthenticatorApp,
  ChangePassword,
  confirmedTotpSchema,
  enrolledTotpSchema,
  type IssuedSession,
  issuedSessionSchema,
  type Origin,
  passwordSchema,
  RequestOrigin,
  RevokeSessions,
  totpCodeSchema,
} from '@platform/identity';

const changing = z.strictObject({ password: passwordSchema(), newPassword: passwordSchema() }).meta({ id: 'OperatorPasswordChange' }); // prettier-ignore
const enrolling = z.strictObject({ password: passwordSchema() }).meta({ id: 'OperatorTotpEnrolment' });
const confirming = z.strictObject({ code: totpCodeSchema() }).meta({ id: 'OperatorTotpConfirmation' });

/**
 * An operator's own credentials. There is no way to remove an authenticator app: who lost theirs is disabled and invited anew by an
 * administrator, which leaves a record.
 */
@ApiTags('Authentication')
@Access('operator', { roles: 'any' })
@Controller('v1')
export class CredentialsController {
  constructor(
    private readonly changePassword: ChangePassword,
    private readonly app: AuthenticatorApp,
    private readonly revokeSessions: RevokeSessions,
  ) {}

  @Post('auth/password/change')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: issuedSessionSchema })
  change(
    @Caller() caller: Operator,
    @Body({ schema: changing }) body: z.infer<typeof changing>,
    @RequestOrigin() origin: Origin,
  ): Promise<IssuedSession> {
    return this.changePassword.run({ principalId: caller.id, sessionId: caller.credential.id, ...body, origin });
  }

  @Post('auth/totp/enrol')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: enrolledTotpSchema })
  enrol(
    @Caller() caller: Operator,
    @Body({ schema: enrolling }) { password }: z.infer<typeof enrolling>,
    @RequestOrigin() origin: Origin,
  ): Promise<z.infer<typeof enrolledTotpSchema>> {
    return this.app.enrol({ principalId: caller.id, password, origin });
  }

  @Post('auth/totp/confirm')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: confirmedTotpSchema })
  confirm(
    @Caller() caller: Operator,
    @Body({ schema: confirming }) { code }: z.infer<typeof confirming>,
    @RequestOrigin() origin: Origin,
  ): Promise<{ recoveryCodes: string[]; session: IssuedSession }> {
    return this.app.confirm({ principalId: caller.id, code, origin });
  }

  /** Signs out everywhere, here included. */
  @Delete('sessions')
  @HttpCode(204)
  @ApiNoContentResponse()
  async revokeAll(@Caller() caller: Operator, @RequestOrigin() origin: Origin): Promise<void> {
    await this.revokeSessions.revokeAll({ id: caller.id, realm: 'operator' }, origin);
  }
}
