import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import { parse } from './authorization.js';
import { type Operation, operationsOf } from './operations.js';

export interface ForeignIdsResult {
  /** Operations that were tried with an id of somebody else's. */
  readonly tried: readonly string[];
  readonly wrong: readonly string[];
}

/**
 * Row H2: what the owner's lists show is, to a stranger, as if it did not exist. Every operation below a list (`/things/{id}…`) is called by the
 * stranger with an id out of the owner's list and with an id that nobody has, and must answer the same. Lists that are empty prove nothing and are
 * not counted: give the owner something first.
 */
export async function foreignIds(
  app: NestFastifyApplication,
  people: { owner: () => Promise<Record<string, string>>; stranger: () => Promise<Record<string, string>> },
): Promise<ForeignIdsResult> {
  const operations = await operationsOf(app);
  const tried: string[] = [];
  const wrong: string[] = [];
  for (const list of operations.filter(({ method, path }) => method === 'GET' && !path.includes('{'))) {
    const below = operations.filter(({ path }) => path.startsWith(`${list.path}/{`) && path.split('{').length === 2);
    if (below.length === 0) continue;
    const id = await firstId(app, list, await people.owner());
    if (id === undefined) continue;
    for (const operation of below) {
      const [theirs, nobodys] = [
        await ask(app, operation, id, people),
        await ask(app, operation, randomUUID(), people),
      ];
      tried.push(`${operation.method} ${operation.path}`);
      if (theirs !== nobodys) wrong.push(`${operation.method} ${operation.path}: ${theirs} instead of ${nobodys}`);
      if (theirs.startsWith('2')) wrong.push(`${operation.method} ${operation.path} served a stranger`);
    }
  }
  return { tried, wrong };
}

async function firstId(
  app: NestFastifyApplication,
  list: Operation,
  headers: Record<string, string>,
): Promise<string | undefined> {
  const response = await app.inject({ method: 'GET', url: list.path, headers });
  const items = parse(response.body)?.['items'];
  const first: unknown = Array.isArray(items) ? items[0] : undefined;
  if (typeof first !== 'object' || first === null || !('id' in first)) return undefined;
  return typeof first.id === 'string' ? first.id : undefined;
}

/** Status and code of the stranger's call. */
async function ask(
  app: NestFastifyApplication,
  operation: Operation,
  id: string,
  { stranger }: { stranger: () => Promise<Record<string, string>> },
): Promise<string> {
  const response = await app.inject({
    method: operation.method,
    url: operation.path.replace(/\{\w+\}/, id),
    headers: { ...(await stranger()), 'idempotency-key': randomUUID() },
    ...(operation.body && { payload: {} }),
  });
  return `${response.statusCode} ${String(parse(response.body)?.['code'])}`;
}
