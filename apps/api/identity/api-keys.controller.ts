import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CLOCK, type Clock } from '@base/clock';
import { Database } from '@base/database';
import { Access, Caller, type Customer } from '@base/http';
import {
  API_KEY_SCOPES,
  type ApiKey,
  type GivenStepUp,
  listApiKeys,
  ManageApiKeys,
  type Origin,
  RequestOrigin,
  RequestStepUp,
} from '@platform/identity';

const id = z.uuid();
const scopes = z
  .array(z.enum(API_KEY_SCOPES))
  .min(1)
  .max(API_KEY_SCOPES.length)
  .refine((given) => new Set(given).size === given.length, 'must not repeat itself');

const creation = z
  .strictObject({
    label: z.string().trim().min(1).max(80),
    scopes,
    networks: z
      .array(z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()]))
      .max(20)
      .default([])
      .meta({ description: 'CIDR blocks or addresses the key may be used from; needed for "withdraw"' }),
    expiresInDays: z.int().min(1).max(365).default(90),
  })
  .meta({ id: 'ApiKeyCreation' });

const keySchema = z
  .object({
    id: z.uuid(),
    label: z.string(),
    scopes: z.array(z.enum(API_KEY_SCOPES)),
    networks: z.array(z.string()),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ApiKey' });
const keyList = z.object({ items: z.array(keySchema) }).meta({ id: 'ApiKeyList' });
const createdKey = keySchema
  .extend({ secret: z.string().meta({ description: 'Shown this once. Send `X-API-Key: id:secret`.' }) })
  .meta({ id: 'CreatedApiKey' });

/** Keys for the customer's programs. */
@ApiTags('Account')
@Access('customer', { scope: 'manage' })
@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly manageApiKeys: ManageApiKeys,
  ) {}

  @Get()
  @ApiOkResponse({ standardSchema: keyList })
  async list(@Caller() caller: Customer): Promise<{ items: ApiKey[] }> {
    return { items: await listApiKeys(this.database, caller.id, this.clock.now()) };
  }

  /** Not by idempotency key: an answer with a secret in it is not stored. A repeated request needs another step-up and makes another key. */
  @Post()
  @ApiHeader({ name: 'X-Step-Up', description: 'Token of POST /v1/step-up for exactly this request', required: true })
  @ApiCreatedResponse({ standardSchema: createdKey })
  async create(
    @Caller() caller: Customer,
    @Body({ schema: creation }) body: z.infer<typeof creation>,
    @RequestStepUp() stepUp: GivenStepUp,
    @RequestOrigin() origin: Origin,
  ): Promise<ApiKey & { secret: string }> {
    const sessionId = caller.credential.kind === 'session' ? caller.credential.id : undefined;
    const { key, secret } = await this.manageApiKeys.create({
      customerId: caller.id,
      sessionId,
      ...body,
      stepUp,
      origin,
    });
    return { ...key, secret };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiNoContentResponse()
  async revoke(
    @Caller() caller: Customer,
    @Param('id', { schema: id }) keyId: string,
    @RequestOrigin() origin: Origin,
  ): Promise<void> {
    await this.manageApiKeys.revoke({ customerId: caller.id, keyId, origin });
  }
}
