import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import { fieldsNamed, isBare, parse } from './authorization.js';
import { fillPath, isAmount, type Member, membersOf, type Operation, operationsOf, type Schema } from './operations.js';
import { sample } from './sample.js';

/** Row E2, as they stand in JSON: JavaScript would round some of them before they are sent. */
const NUMBERS = ['1', '0', '-1', '12.50', '0.30000000000000004', '9007199254740993', '123456789012345678901', '1e2', '1e309']; // prettier-ignore

type HeadersFor = (operation: Operation) => Promise<Record<string, string>>;

interface Target {
  readonly name: string;
  readonly operation: Operation;
  readonly member: Member;
}

/** The values in bodies of mutating operations that carry amounts, and those that are numbers, as `POST /v1/withdrawals amount`. */
export async function amountsAndNumbers(
  app: NestFastifyApplication,
): Promise<{ readonly amounts: readonly string[]; readonly numbers: readonly string[] }> {
  const [amounts, numbers] = [await targetsOf(app, isAmount), await targetsOf(app, isNumber)];
  return { amounts: amounts.map(({ name }) => name), numbers: numbers.map(({ name }) => name) };
}

/** Sends every amount as a JSON number (row E2). Answers what was not a bare 4xx that names the field, in words. */
export async function amountsAsNumbers(app: NestFastifyApplication, headersFor: HeadersFor): Promise<string[]> {
  const wrong: string[] = [];
  for (const target of await targetsOf(app, isAmount)) {
    const headers = await headersFor(target.operation);
    for (const number of NUMBERS) {
      const { status, problem } = await send(app, target, number, headers);
      const isRefused = status >= 400 && status < 500 && isBare(problem) && namesIt(target, problem);
      if (!isRefused) wrong.push(`${target.name} = ${number}: ${status} ${JSON.stringify(problem)?.slice(0, 200)}`);
    }
  }
  return wrong;
}

/** The control: the same requests with a string. Answers the fields that were called malformed all the same. */
export async function amountsAsStrings(app: NestFastifyApplication, headersFor: HeadersFor): Promise<string[]> {
  const refused: string[] = [];
  for (const target of await targetsOf(app, isAmount)) {
    const { status, problem } = await send(app, target, '"12.50"', await headersFor(target.operation));
    if (status === 400 && namesIt(target, problem)) refused.push(target.name);
  }
  return refused;
}

async function targetsOf(app: NestFastifyApplication, matches: (schema: Schema) => boolean): Promise<Target[]> {
  return (await operationsOf(app)).flatMap((operation) =>
    operation.method === 'GET' || operation.body === undefined
      ? []
      : membersOf(operation.body)
          .filter(({ schema }) => matches(schema))
          .map((member) => ({
            name: `${operation.method} ${operation.path} ${member.at.join('.')}`,
            operation,
            member,
          })),
  );
}

const isNumber = ({ type }: Schema): boolean => type === 'number' || type === 'integer';

const namesIt = ({ member }: Target, problem: Record<string, unknown> | undefined): boolean =>
  fieldsNamed(problem).some((field) => field === member.at.join('.'));

async function send(
  app: NestFastifyApplication,
  { operation, member }: Target,
  raw: string,
  headers: Record<string, string>,
): Promise<{ status: number; problem: Record<string, unknown> | undefined }> {
  const response = await app.inject({
    method: operation.method,
    url: fillPath(operation.path, () => randomUUID()),
    headers: { ...headers, 'idempotency-key': randomUUID(), 'content-type': 'application/json' },
    payload: JSON.stringify(withMember(sample(operation.body ?? {}), member.at, PLACEHOLDER)).replace(JSON.stringify(PLACEHOLDER), () => raw), // prettier-ignore
  });
  return { status: response.statusCode, problem: parse(response.body) };
}

const PLACEHOLDER = '\u{10ffff}amount';

/** The body with the value put where it belongs, and whatever has to be around it. */
function withMember(body: unknown, at: readonly string[], value: unknown): unknown {
  const [name, ...rest] = at;
  if (name === undefined) return value;
  if (name === '0') return [withMember(Array.isArray(body) ? body[0] : undefined, rest, value)];
  const members = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  return { ...members, [name]: withMember(members[name], rest, value) };
}
