import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type SandboxClock } from '@base/clock';
import { Database } from '@base/database';
import { Access, OPERATOR_ROLES } from '@base/http';
import { emailSchema } from '@platform/identity';
import { listMailbox, type ReceivedEmail } from '@platform/notifications';

export const SANDBOX_CLOCK = Symbol('sandbox-clock');

const STEP_MAX_MS = 366 * 86_400_000;

const mailboxQuery = z.strictObject({ to: emailSchema(), limit: z.coerce.number().int().min(1).max(100).default(20) });
const step = z
  .strictObject({
    milliseconds: z
      .int()
      .min(1)
      .max(STEP_MAX_MS)
      .meta({ examples: [604_800_000] }),
  })
  .meta({ id: 'ClockStep' });

const emailSchemaOut = z
  .object({
    id: z.uuid(),
    to: z.string(),
    subject: z.string(),
    body: z.string(),
    variables: z.record(z.string(), z.string()).meta({ description: 'What a script needs, such as `token`' }),
    receivedAt: z.iso.datetime(),
  })
  .meta({ id: 'ReceivedEmail' });
const mailbox = z.object({ items: z.array(emailSchemaOut) }).meta({ id: 'Mailbox' });
const time = z.object({ now: z.iso.datetime() }).meta({ id: 'SandboxTime' });

/** What only a sandbox has: everybody's mailbox, and a clock that can be moved. Elsewhere these operations do not exist. */
@ApiTags('Sandbox')
@Access('sandbox', { roles: OPERATOR_ROLES })
@Controller('v1/sandbox')
export class SandboxController {
  constructor(
    private readonly database: Database,
    @Inject(SANDBOX_CLOCK) private readonly clock: SandboxClock,
  ) {}

  @Get('mailbox')
  @ApiOkResponse({ standardSchema: mailbox })
  async mailbox(
    @Query({ schema: mailboxQuery }) { to, limit }: z.infer<typeof mailboxQuery>,
  ): Promise<{ items: ReceivedEmail[] }> {
    return { items: await listMailbox(this.database, to, limit) };
  }

  @Get('clock')
  @ApiOkResponse({ standardSchema: time })
  now(): { now: Date } {
    return { now: this.clock.now() };
  }

  /** Moves the time of every process forward; it never goes back. */
  @Post('clock/advance')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: time })
  async advance(@Body({ schema: step }) { milliseconds }: z.infer<typeof step>): Promise<{ now: Date }> {
    return { now: await this.clock.advance(milliseconds) };
  }
}
