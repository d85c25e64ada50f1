import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHash, randomUUID } from 'node:crypto';
import { fieldsNamed, isBare, isUnavailable, parse } from './authorization.js';
import { EXTRA_MEMBERS, HOSTILE_AMOUNTS, HOSTILE_BODIES, HOSTILE_QUERIES, HOSTILE_SEGMENTS, HOSTILE_TEXTS, OF_ANOTHER_TYPE } from './hostile.js'; // prettier-ignore
import { fillPath, isAmount, type Operation, operationsOf, type Schema } from './operations.js';
import { sample } from './sample.js';

export interface NegativeInputResult {
  readonly requests: number;
  /** Answers that were not as they should be, in words. */
  readonly wrong: readonly string[];
}

/** The slowest answer to nonsense. Generous: the machine may be doing other things. */
const SLOWEST_MS = 5_000;

interface Hostile {
  readonly name: string;
  readonly payload?: Buffer | string;
  readonly url?: string;
  readonly contentType?: string;
  /** A refusal must name this field; without it, it may be anything in the 4xx or even a success. */
  readonly mustName?: string;
  /** The answer must be a 4xx. */
  readonly mustRefuse?: boolean;
}

/**
 * Sends what hostile and broken clients send to every operation of the application's OpenAPI document (rows E1 to E3, H3, H12, I1 to I4, I10). Every
 * answer is a 4xx that names the field where a field is wrong, never a 5xx, a hang or an inside view.
 * @param headersFor fresh credentials of somebody whom the operation lets in
 * @param share how much of it this run sends to each operation, 0 to 1; which, its seed says, so that some runs send everything
 */
export async function negativeInput(
  app: NestFastifyApplication,
  headersFor: (operation: Operation) => Promise<Record<string, string>>,
  share = 1,
): Promise<NegativeInputResult> {
  const wrong: string[] = [];
  let requests = 0;
  for (const operation of await operationsOf(app)) {
    let headers = await headersFor(operation);
    for (const hostile of hostilesFor(operation)) {
      if (!isDrawn(`${operation.method} ${operation.path} ${hostile.name}`, share)) continue;
      requests += 1;
      const { complaint, signedOut } = await send(app, { operation, hostile, headers });
      if (complaint !== undefined) wrong.push(`${operation.method} ${operation.path}: ${hostile.name}: ${complaint}`);
      if (signedOut) headers = await headersFor(operation);
    }
  }
  if ('polluted' in {}) wrong.push('Object.prototype was polluted');
  return { requests, wrong };
}

function isDrawn(name: string, share: number): boolean {
  const lot = createHash('sha256')
    .update(`${process.env['SEED'] ?? ''} ${name}`)
    .digest();
  return lot.readUInt32BE() < share * 2 ** 32;
}

function hostilesFor(operation: Operation): Hostile[] {
  const hostiles = [...hostilePaths(operation), ...(operation.method === 'GET' ? hostileQueries(operation) : [])];
  if (operation.method === 'GET' || operation.access.audience === 'webhook') return hostiles;
  const bodies = Object.entries(HOSTILE_BODIES).map(([name, payload]) => ({
    name,
    payload,
    mustRefuse: operation.body !== undefined,
  }));
  return [
    ...hostiles,
    ...bodies,
    ...hostileMedia(operation),
    ...(operation.body ? hostileMembers(operation.body) : []),
  ];
}

const hostilePaths = ({ path }: Operation): Hostile[] =>
  path.includes('{')
    ? HOSTILE_SEGMENTS.map((segment) => ({
        name: `path ${segment.slice(0, 30)}`,
        url: path.replace(/\{\w+\}/g, segment),
        mustRefuse: true,
      }))
    : [];

function hostileQueries({ path, parameters }: Operation): Hostile[] {
  const known = new Set(parameters.filter((each) => each.in === 'query').map(({ name }) => name));
  const filled = fillPath(path, () => randomUUID());
  const own = [...known].flatMap((name) => [
    `${name}=a%00b`,
    `${name}[]=1`,
    `${name}=${'a'.repeat(3_000)}`,
    `${name}=%F0%9F%92%B0`,
  ]);
  return [...HOSTILE_QUERIES, ...own].map((query) => {
    const name = query.split('=')[0] ?? '';
    return {
      name: `query ${query.slice(0, 40)}`,
      url: `${filled}?${query}`,
      ...(known.has(name) && verdictOnQuery(name, query)),
    };
  });
}

/**
 * Limits are numbers within bounds, and a cursor that does not decode is none; one that does may name a place in some list, and other parameters
 * may be free text. A NUL is refused before anybody looks for names.
 */
function verdictOnQuery(name: string, query: string): Pick<Hostile, 'mustRefuse' | 'mustName'> {
  if (query.includes('%00')) return { mustRefuse: true };
  const isPaging = name === 'limit' || (name === 'cursor' && !query.startsWith('cursor=W'));
  return isPaging ? { mustRefuse: true, mustName: name } : {};
}

const hostileMedia = (operation: Operation): Hostile[] =>
  ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml'].map(
    (contentType) => ({
      name: contentType,
      payload: '{"a":1}',
      contentType,
      mustRefuse: operation.body !== undefined,
    }),
  );

/** The plainest body, with one member at a time made hostile. */
function hostileMembers(schema: Schema): Hostile[] {
  const body = sample(schema);
  if (typeof body !== 'object' || body === null) return [];
  const hostiles: Hostile[] = EXTRA_MEMBERS.map((member) => ({
    name: `extra member ${member}`,
    payload: JSON.stringify({ ...body, [member]: 'x' }),
    mustRefuse: true,
    mustName: member,
  }));
  for (const [field, member] of Object.entries(schema.properties ?? {})) {
    const required = schema.required?.includes(field) ?? false;
    for (const { raw, refused } of hostileValues(member)) {
      const payload = withRaw({ ...body, [field]: PLACEHOLDER }, raw);
      hostiles.push({
        name: `${field} = ${raw.slice(0, 40)}`,
        payload,
        ...(refused && { mustRefuse: true, mustName: field }),
      });
    }
    if (required && member.default === undefined) {
      const rest = Object.fromEntries(Object.entries(body).filter(([name]) => name !== field));
      hostiles.push({ name: `no ${field}`, payload: JSON.stringify(rest), mustRefuse: true, mustName: field });
    }
  }
  return hostiles;
}

const PLACEHOLDER = '\u{10ffff}hostile';
const withRaw = (body: object, raw: string): string =>
  JSON.stringify(body).replace(JSON.stringify(PLACEHOLDER), () => raw);

/** Hostile values for one member, and whether each must be refused by name. */
function hostileValues(schema: Schema): { raw: string; refused: boolean }[] {
  if (isAmount(schema)) return HOSTILE_AMOUNTS.map((raw) => ({ raw, refused: true }));
  const wrongType = schema.type === undefined ? [] : (OF_ANOTHER_TYPE[schema.type] ?? []);
  // A text with NUL is refused before anybody looks for names.
  const nul = schema.type === 'string' ? [{ raw: '"a\\u0000b"', refused: false }] : [];
  const narrow = schema.enum !== undefined || schema.format !== undefined || schema.pattern !== undefined;
  const texts = schema.type === 'string' ? HOSTILE_TEXTS : [];
  const matches = (raw: string): boolean =>
    schema.pattern !== undefined && new RegExp(schema.pattern, 'u').test(JSON.parse(raw) as string);
  return [
    ...nul,
    ...wrongType.map((raw) => ({ raw, refused: true })),
    ...texts.map((raw) => ({ raw, refused: narrow && !matches(raw) })),
  ];
}

async function send(
  app: NestFastifyApplication,
  request: { operation: Operation; hostile: Hostile; headers: Record<string, string> },
): Promise<{ complaint: string | undefined; signedOut: boolean }> {
  const { operation, hostile, headers } = request;
  const start = performance.now();
  const response = await app.inject({
    method: operation.method,
    url: hostile.url ?? fillPath(operation.path, () => randomUUID()),
    headers: {
      ...headers,
      'idempotency-key': randomUUID(),
      ...(hostile.payload !== undefined && { 'content-type': hostile.contentType ?? 'application/json' }),
    },
    ...(hostile.payload !== undefined && { payload: hostile.payload }),
  });
  const problem = parse(response.body);
  const complaint = complaintAbout({ status: response.statusCode, problem, hostile, ms: performance.now() - start });
  // Whatever succeeded may have ended the session; a public operation answers 401 for reasons of its own.
  const ended = response.statusCode === 401 || (operation.method !== 'GET' && response.statusCode < 300);
  return { complaint, signedOut: ended && operation.access.audience !== 'public' };
}

function complaintAbout(answer: {
  status: number;
  problem: Record<string, unknown> | undefined;
  hostile: Hostile;
  ms: number;
}): string | undefined {
  const { status, problem, hostile, ms } = answer;
  if (ms > SLOWEST_MS) return `took ${Math.round(ms)} ms`;
  const unavailable = isUnavailable(status, problem);
  if (status >= 500 && !unavailable) return `answered ${status}`;
  if (status < 400 || unavailable) return hostile.mustRefuse ? `was taken: ${status}` : undefined;
  if (!isBare(problem)) return `leaks in ${JSON.stringify(problem)?.slice(0, 200)}`;
  if (hostile.mustName === undefined) return undefined;
  const named = fieldsNamed(problem);
  const isNamed = named.some((field) => field.split('.')[0] === hostile.mustName);
  return isNamed
    ? undefined
    : `did not name the field but answered ${status} ${String(problem?.['code'])} ${named.join()}`;
}
