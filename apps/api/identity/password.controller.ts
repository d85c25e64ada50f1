import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Access, Caller, type Customer } from '@base/http';
import {
  ChangePassword,
  emailSchema,
  type IssuedSession,
  issuedSessionSchema,
  type Origin,
  passwordSchema,
  RequestOrigin,
  RequestPasswordReset,
  ResetPassword,
  tokenSchema,
} from '@platform/identity';
import { CHECK_YOUR_MAILBOX, mailSentSchema } from './mail-sent.js';

const changing = z.strictObject({ password: passwordSchema(), newPassword: passwordSchema() }).meta({ id: 'PasswordChange' }); // prettier-ignore
const forgotten = z.strictObject({ email: emailSchema() }).meta({ id: 'ForgottenPassword' });
const resetting = z.strictObject({ token: tokenSchema(), newPassword: passwordSchema() }).meta({ id: 'PasswordReset' });

/** Replacing a password. Every session ends with it, and withdrawals wait for a day. */
@ApiTags('Authentication')
@Controller('v1/auth/password')
export class PasswordController {
  constructor(
    private readonly changePassword: ChangePassword,
    private readonly requestPasswordReset: RequestPasswordReset,
    private readonly resetPassword: ResetPassword,
  ) {}

  @Access('customer', { scope: 'manage' })
  @Post('change')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: issuedSessionSchema })
  change(
    @Caller() caller: Customer,
    @Body({ schema: changing }) body: z.infer<typeof changing>,
    @RequestOrigin() origin: Origin,
  ): Promise<IssuedSession> {
    return this.changePassword.run({ principalId: caller.id, sessionId: caller.credential.id, ...body, origin });
  }

  @Access('public')
  @Post('forgot')
  @HttpCode(202)
  @ApiAcceptedResponse({ standardSchema: mailSentSchema })
  async forgot(
    @Body({ schema: forgotten }) { email }: z.infer<typeof forgotten>,
    @RequestOrigin() origin: Origin,
  ): Promise<typeof CHECK_YOUR_MAILBOX> {
    await this.requestPasswordReset.run({ email, origin });
    return CHECK_YOUR_MAILBOX;
  }

  @Access('public')
  @Post('reset')
  @HttpCode(204)
  @ApiNoContentResponse()
  async reset(
    @Body({ schema: resetting }) body: z.infer<typeof resetting>,
    @RequestOrigin() origin: Origin,
  ): Promise<void> {
    await this.resetPassword.run({ ...body, origin });
  }
}
