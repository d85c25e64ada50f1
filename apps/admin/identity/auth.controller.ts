import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Database } from '@base/database';
import { Access, Caller, type Operator as OperatorCaller } from '@base/http';
import {
  emailSchema,
  findOperator,
  type IssuedSession,
  issuedSessionSchema,
  LogIn,
  ManageOperators,
  notBothProofs,
  type Origin,
  passwordSchema,
  RefreshSession,
  RequestOrigin,
  RevokeSessions,
  secondFactorFields,
  secondFactorOf,
  tokenSchema,
} from '@platform/identity';
import { operatorSchema } from './operator-schema.js';

const signIn = z
  .strictObject({ email: emailSchema(), password: passwordSchema(), ...secondFactorFields() })
  .refine(notBothProofs, { path: ['recoveryCode'], message: 'cannot stand beside code' })
  .meta({ id: 'OperatorSignIn' });
const refreshing = z.strictObject({ refreshToken: tokenSchema() }).meta({ id: 'OperatorRefreshing' });
const acceptance = z.strictObject({ token: tokenSchema(), password: passwordSchema() }).meta({ id: 'InvitationAcceptance' }); // prettier-ignore

/** Operators get in and out, in a realm of their own. */
@ApiTags('Authentication')
@Controller('v1')
export class AuthController {
  constructor(
    private readonly logIn: LogIn,
    private readonly refreshSession: RefreshSession,
    private readonly revokeSessions: RevokeSessions,
    private readonly manageOperators: ManageOperators,
    private readonly database: Database,
  ) {}

  @Access('public')
  @Post('auth/login')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: issuedSessionSchema })
  login(
    @Body({ schema: signIn }) body: z.infer<typeof signIn>,
    @RequestOrigin() origin: Origin,
  ): Promise<IssuedSession> {
    const { email, password } = body;
    return this.logIn.run({ realm: 'operator', email, password, second: secondFactorOf(body), origin });
  }

  @Access('public')
  @Post('auth/refresh')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: issuedSessionSchema })
  refresh(
    @Body({ schema: refreshing }) { refreshToken }: z.infer<typeof refreshing>,
    @RequestOrigin() origin: Origin,
  ): Promise<IssuedSession> {
    return this.refreshSession.run({ realm: 'operator', refreshToken, origin });
  }

  @Access('public')
  @Post('auth/accept-invitation')
  @HttpCode(204)
  @ApiNoContentResponse()
  async acceptInvitation(
    @Body({ schema: acceptance }) body: z.infer<typeof acceptance>,
    @RequestOrigin() origin: Origin,
  ): Promise<void> {
    await this.manageOperators.acceptInvitation({ ...body, origin });
  }

  @Access('operator', { roles: 'any' })
  @Post('auth/logout')
  @HttpCode(204)
  @ApiNoContentResponse()
  async logout(@Caller() caller: OperatorCaller): Promise<void> {
    await this.revokeSessions.logOut(caller.id, caller.credential.id);
  }

  @Access('operator', { roles: 'any' })
  @Get('me')
  @ApiOkResponse({ standardSchema: operatorSchema })
  async me(@Caller() caller: OperatorCaller): Promise<object> {
    const operator = await findOperator(this.database, caller.id);
    if (!operator) throw new Error('a caller is an operator');
    return operator;
  }
}
