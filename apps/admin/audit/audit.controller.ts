import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Database } from '@base/database';
import { Access, decodeCursor, InvalidRequest, type Page, pageOf, pageQuery } from '@base/http';
import { AnchorSigner, type AnchorStore, type AuditRecord, listAuditRecords, verifyAuditChain } from '@platform/audit';

export const ANCHORS = Symbol('audit-anchors');

const name = z.string().min(1).max(80);
const listing = z
  .strictObject({
    ...pageQuery(),
    subjectKind: name.optional(),
    subjectId: name.optional(),
    actorKind: z.enum(['customer', 'operator', 'system']).optional(),
    actorId: name.optional(),
    action: name.optional(),
  })
  .refine((query) => (query.subjectKind === undefined) === (query.subjectId === undefined), {
    path: ['subjectId'],
    message: 'must stand beside subjectKind',
  })
  .refine((query) => (query.actorKind === undefined) === (query.actorId === undefined), {
    path: ['actorId'],
    message: 'must stand beside actorKind',
  });

const recordSchema = z
  .object({
    sequence: z.string(),
    recordedAt: z.iso.datetime(),
    actor: z.object({ kind: z.string(), id: z.string().nullable() }),
    action: z.string(),
    subject: z.object({ kind: z.string(), id: z.string() }),
    before: z.unknown(),
    after: z.unknown(),
    reason: z.string().nullable(),
    requestId: z.string().nullable(),
    network: z.string().nullable(),
    hash: z.string(),
  })
  .meta({ id: 'AuditRecord' });
const recordPage = z.object({ items: z.array(recordSchema), next: z.string().optional() }).meta({ id: 'AuditPage' });
const verdictSchema = z
  .object({
    sound: z.boolean(),
    records: z.string().optional(),
    anchors: z.int().optional(),
    at: z.string().optional(),
    fault: z.string().optional(),
  })
  .meta({ id: 'AuditVerdict' });

/** Who did what. The record can be read and verified, and by nobody changed. */
@ApiTags('Audit')
@Access('operator', { roles: ['compliance'] })
@Controller('v1/audit')
export class AuditController {
  constructor(
    private readonly database: Database,
    private readonly signer: AnchorSigner,
    @Inject(ANCHORS) private readonly anchors: AnchorStore,
  ) {}

  @Get()
  @ApiOkResponse({ standardSchema: recordPage })
  async list(@Query({ schema: listing }) query: z.infer<typeof listing>): Promise<Page<z.infer<typeof recordSchema>>> {
    const { limit, subjectKind, subjectId, actorKind, actorId, action } = query;
    const rows = await listAuditRecords(this.database, {
      subject: subjectKind === undefined || subjectId === undefined ? undefined : { kind: subjectKind, id: subjectId },
      actor: actorKind === undefined || actorId === undefined ? undefined : { kind: actorKind, id: actorId },
      action,
      before: positionOf(query.cursor),
      limit: limit + 1,
    });
    return pageOf(rows, limit, { position: ({ sequence }) => [sequence.toString()], present });
  }

  /** Follows the whole chain and holds it against the seals kept outside of the database. */
  @Get('verification')
  @ApiOkResponse({ standardSchema: verdictSchema })
  async verify(): Promise<z.infer<typeof verdictSchema>> {
    const verdict = await verifyAuditChain(this.database, await this.anchors.read(), this.signer);
    return verdict.sound
      ? { sound: true, records: verdict.records.toString(), anchors: verdict.anchors }
      : { sound: false, at: verdict.at.toString(), fault: verdict.fault };
  }
}

function positionOf(cursor: string | undefined): bigint | undefined {
  const [position] = decodeCursor(cursor, 1) ?? [];
  if (position === undefined) return undefined;
  if (!/^[1-9][0-9]{0,17}$/.test(position)) {
    throw new InvalidRequest([{ field: 'cursor', message: 'is not a cursor of this list' }]);
  }
  return BigInt(position);
}

const present = (record: AuditRecord): z.infer<typeof recordSchema> => ({
  sequence: record.sequence.toString(),
  recordedAt: new Date(Number(record.recordedMs)).toISOString(),
  actor: { kind: record.actorKind, id: record.actorId },
  action: record.action,
  subject: { kind: record.subjectKind, id: record.subjectId },
  before: record.before === null ? null : (JSON.parse(record.before) as unknown),
  after: record.after === null ? null : (JSON.parse(record.after) as unknown),
  reason: record.reason,
  requestId: record.requestId,
  network: record.network,
  hash: Buffer.from(record.hash).toString('hex'),
});
