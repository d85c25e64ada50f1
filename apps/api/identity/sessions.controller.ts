import { Controller, Delete, Get, HttpCode, Inject, Param } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CLOCK, type Clock } from '@base/clock';
import { Database } from '@base/database';
import { Access, Caller, type Customer } from '@base/http';
import { listSessions, type Origin, RequestOrigin, RevokeSessions, type Session } from '@platform/identity';

const id = z.uuid();

const sessionSchema = z.object({
  id: z.uuid(),
  device: z.string(),
  address: z.string(),
  secondFactor: z.boolean(),
  openedAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  current: z.boolean().meta({ description: 'Whether it is the session that asks' }),
});
const sessionList = z.object({ items: z.array(sessionSchema) }).meta({ id: 'SessionList' });

/** Where the customer is signed in. */
@ApiTags('Account')
@Access('customer', { scope: 'manage' })
@Controller('v1/sessions')
export class SessionsController {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly revokeSessions: RevokeSessions,
  ) {}

  @Get()
  @ApiOkResponse({ standardSchema: sessionList })
  async list(@Caller() caller: Customer): Promise<{ items: (Session & { current: boolean })[] }> {
    const sessions = await listSessions(this.database, caller.id, 'customer', this.clock.now());
    return { items: sessions.map((session) => ({ ...session, current: session.id === caller.credential.id })) };
  }

  /** Signs out everywhere, here included. */
  @Delete()
  @HttpCode(204)
  @ApiNoContentResponse()
  async revokeAll(@Caller() caller: Customer, @RequestOrigin() origin: Origin): Promise<void> {
    await this.revokeSessions.revokeAll({ id: caller.id, realm: 'customer' }, origin);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiNoContentResponse()
  async revokeOne(@Caller() caller: Customer, @Param('id', { schema: id }) sessionId: string): Promise<void> {
    await this.revokeSessions.revokeOne(caller.id, sessionId);
  }
}
