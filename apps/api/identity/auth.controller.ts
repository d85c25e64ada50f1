import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Access, Caller, type Customer } from '@base/http';
import {
  emailSchema,
  type IssuedSession,
  issuedSessionSchema,
  LogIn,
  notBothProofs,
  type Origin,
  passwordSchema,
  RefreshSession,
  RegisterCustomer,
  RequestOrigin,
  RevokeSessions,
  secondFactorFields,
  secondFactorOf,
  tokenSchema,
  VerifyEmail,
} from '@platform/identity';
import { CHECK_YOUR_MAILBOX, mailSentSchema } from './mail-sent.js';

const registration = z.strictObject({ email: emailSchema(), password: passwordSchema() }).meta({ id: 'Registration' });
const address = z.strictObject({ email: emailSchema() }).meta({ id: 'EmailAddress' });
const emailToken = z.strictObject({ token: tokenSchema() }).meta({ id: 'EmailToken' });
const refreshing = z.strictObject({ refreshToken: tokenSchema() }).meta({ id: 'Refreshing' });
const signIn = z
  .strictObject({ email: emailSchema(), password: passwordSchema(), ...secondFactorFields() })
  .refine(notBothProofs, { path: ['recoveryCode'], message: 'cannot stand beside code' })
  .meta({ id: 'SignIn' });

/** Getting in and out. Answers never tell whether an address has an account. */
@ApiTags('Authentication')
@Controller('v1/auth')
export class AuthController {
  constructor(
    private readonly registerCustomer: RegisterCustomer,
    private readonly verification: VerifyEmail,
    private readonly logIn: LogIn,
    private readonly refreshSession: RefreshSession,
    private readonly revokeSessions: RevokeSessions,
  ) {}

  @Access('public')
  @Post('register')
  @HttpCode(202)
  @ApiAcceptedResponse({ standardSchema: mailSentSchema })
  async register(
    @Body({ schema: registration }) body: z.infer<typeof registration>,
    @RequestOrigin() origin: Origin,
  ): Promise<typeof CHECK_YOUR_MAILBOX> {
    await this.registerCustomer.run({ ...body, origin });
    return CHECK_YOUR_MAILBOX;
  }

  @Access('public')
  @Post('verify-email')
  @HttpCode(204)
  @ApiNoContentResponse()
  async verifyEmail(@Body({ schema: emailToken }) { token }: z.infer<typeof emailToken>): Promise<void> {
    await this.verification.run(token);
  }

  @Access('public')
  @Post('resend-verification')
  @HttpCode(202)
  @ApiAcceptedResponse({ standardSchema: mailSentSchema })
  async resendVerification(
    @Body({ schema: address }) { email }: z.infer<typeof address>,
    @RequestOrigin() origin: Origin,
  ): Promise<typeof CHECK_YOUR_MAILBOX> {
    await this.verification.resend({ email, origin });
    return CHECK_YOUR_MAILBOX;
  }

  @Access('public')
  @Post('login')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: issuedSessionSchema })
  login(
    @Body({ schema: signIn }) body: z.infer<typeof signIn>,
    @RequestOrigin() origin: Origin,
  ): Promise<IssuedSession> {
    const { email, password } = body;
    return this.logIn.run({ realm: 'customer', email, password, second: secondFactorOf(body), origin });
  }

  @Access('public')
  @Post('refresh')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: issuedSessionSchema })
  refresh(
    @Body({ schema: refreshing }) { refreshToken }: z.infer<typeof refreshing>,
    @RequestOrigin() origin: Origin,
  ): Promise<IssuedSession> {
    return this.refreshSession.run({ realm: 'customer', refreshToken, origin });
  }

  @Access('customer', { scope: 'manage' })
  @Post('logout')
  @HttpCode(204)
  @ApiNoContentResponse()
  async logout(@Caller() caller: Customer): Promise<void> {
    await this.revokeSessions.logOut(caller.id, caller.credential.id);
  }
}
