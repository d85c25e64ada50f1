import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type AccessRule, AMOUNT_PATTERN } from '@base/http';

/** The part of JSON Schema that our documents use. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly example?: unknown;
  readonly default?: unknown;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: Schema;
}

/** One operation of an OpenAPI document, as the suites of this folder see it. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly access: AccessRule;
  readonly parameters: readonly Parameter[];
  /** Of the JSON body, where there is one. */
  readonly body: Schema | undefined;
}

interface Document {
  readonly paths: Record<string, Record<string, DocumentedOperation>>;
  readonly components?: { readonly schemas?: Record<string, Schema> };
}

interface DocumentedOperation {
  readonly 'x-access'?: AccessRule;
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema?: Schema }[];
  readonly requestBody?: { readonly content?: Record<string, { readonly schema?: Schema }> };
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const PARAMETER_PLACES = ['path', 'query', 'header'] as const;

/** Every operation that the application documents. @throws Error for one that does not say who may call it. */
export async function operationsOf(app: NestFastifyApplication): Promise<Operation[]> {
  const document = (await app.inject({ method: 'GET', url: '/openapi.json' })).json<Document>();
  const schemas = document.components?.schemas ?? {};
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    METHODS.flatMap((method) => {
      const documented = methods[method.toLowerCase()];
      return documented ? [operation({ method, path, documented, schemas })] : [];
    }),
  );
}

function operation(of: {
  method: Operation['method'];
  path: string;
  documented: DocumentedOperation;
  schemas: Readonly<Record<string, Schema>>;
}): Operation {
  const { method, path, documented, schemas } = of;
  const access = documented['x-access'];
  if (!access) throw new Error(`${method} ${path} does not say who may call it`);
  const body = documented.requestBody?.content?.['application/json']?.schema;
  const parameters = (documented.parameters ?? []).flatMap((parameter): Parameter[] => {
    const place = PARAMETER_PLACES.find((each) => each === parameter.in);
    if (!place) return [];
    const schema = resolve(parameter.schema ?? {}, schemas);
    return [{ name: parameter.name, in: place, required: parameter.required ?? false, schema }];
  });
  return { method, path, access, parameters, body: body && resolve(body, schemas) };
}

/** The schema with its references replaced by what they name, down to a depth that no body of ours reaches. */
function resolve(schema: Schema, schemas: Readonly<Record<string, Schema>>, depth = 0): Schema {
  if (depth > 12) return {};
  const within = (inner: Schema): Schema => resolve(inner, schemas, depth + 1);
  if (schema.$ref !== undefined) return within(schemas[schema.$ref.replace(/^.*\//, '')] ?? {});
  return {
    ...schema,
    ...(schema.items && { items: within(schema.items) }),
    ...(schema.properties && {
      properties: Object.fromEntries(Object.entries(schema.properties).map(([name, inner]) => [name, within(inner)])),
    }),
    ...(schema.anyOf && { anyOf: schema.anyOf.map(within) }),
    ...(schema.oneOf && { oneOf: schema.oneOf.map(within) }),
    ...(schema.allOf && { allOf: schema.allOf.map(within) }),
  };
}

/** Told by how it is written, which every amount shares; descriptions differ. */
export const isAmount = ({ pattern }: Schema): boolean => pattern === AMOUNT_PATTERN.source;

/** One value inside a body: where it stands, as `['legs', '0', 'amount']`, and its schema. */
export interface Member {
  readonly at: readonly string[];
  readonly schema: Schema;
}

/** Every value that is no object or list, at any depth; of a list the first item. */
export function membersOf(schema: Schema, at: readonly string[] = []): Member[] {
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  const inner = [
    ...choices.flatMap((choice) => membersOf(choice, at)),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, member]) => membersOf(member, [...at, name])),
    ...(schema.items ? membersOf(schema.items, [...at, '0']) : []),
  ];
  return inner.length > 0 ? inner : [{ at, schema }];
}

/** The path with each parameter replaced by what `value` gives for it. */
export const fillPath = (path: string, value: (name: string) => string): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(value(name)));
