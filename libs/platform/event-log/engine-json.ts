import { type EngineEvent, type EngineEventKind, engineEvents } from '@core/contracts';

/** Raised, with the topic's name, by a change that a reader of the version before would misread. New kinds and new fields are no such change. */
export const ENGINE_SCHEMA = 'strongroom.engine/1';
const VERSION = 1;

type JsonValue = string | number;
type Fields = Readonly<Record<string, unknown>>;

/** Why a text is not an event of the engine. */
export class NotAnEngineEvent extends Error {
  override readonly name = 'NotAnEngineEvent';
}

/**
 * An engine event as JSON text (docs/event-log.md): 64-bit integers as decimal strings, smaller ones as numbers, codes by name, bytes as hex. Every
 * field of the kind is there; their names and units are those of `engine-codec.ts`.
 */
export function engineEventJson(event: EngineEvent): string {
  const values: Fields = { ...event };
  const json: Record<string, JsonValue> = {
    version: VERSION,
    kind: event.kind,
    sequence: event.sequence.toString(),
    index: event.origin,
    time: event.time.toString(),
  };
  for (const { name } of engineEvents.messages[event.kind].fields) json[name] = toJson(name, values[name]);
  return JSON.stringify(json);
}

/** The event that `engineEventJson` made a text of. @throws NotAnEngineEvent for anything else, naming the field */
export function parseEngineEvent(text: string): EngineEvent {
  const json = objectIn(text);
  const { version, kind } = json;
  if (version !== VERSION) throw new NotAnEngineEvent(`version ${String(version)}`);
  if (!isKind(kind)) throw new NotAnEngineEvent(`kind ${String(kind)}`);
  const draft: Record<string, unknown> = {
    kind,
    sequence: bigintIn(json, 'sequence'),
    origin: json['index'],
    time: bigintIn(json, 'time'),
  };
  const { fields } = engineEvents.messages[kind];
  for (const { name, type } of fields) {
    if (type === 'i64' || type === 'u64') draft[name] = bigintIn(json, name);
    else if (type === 'bytes32' || type === 'bytes1024') draft[name] = bytesIn(json, name);
    else draft[name] = json[name];
    if (draft[name] === undefined) throw new NotAnEngineEvent(`${name} is missing`);
  }
  return checked(draft);
}

function toJson(name: string, value: unknown): JsonValue {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' || typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  throw new TypeError(`${name} has no form in JSON`);
}

function objectIn(text: string): Fields {
  const json: unknown = parseOrUndefined(text);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new NotAnEngineEvent('no JSON object');
  return { ...json };
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isKind = (kind: unknown): kind is EngineEventKind =>
  typeof kind === 'string' && Object.hasOwn(engineEvents.messages, kind);

function bigintIn(json: Fields, name: string): bigint {
  const text = json[name];
  if (typeof text !== 'string' || !/^(0|-?[1-9]\d{0,19})$/.test(text))
    throw new NotAnEngineEvent(`${name} is no integer`);
  return BigInt(text);
}

function bytesIn(json: Fields, name: string): Uint8Array {
  const text = json[name];
  if (typeof text !== 'string' || !/^([0-9a-f]{2})*$/.test(text)) throw new NotAnEngineEvent(`${name} is no hex`);
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

/** Through the codec's own bytes, which have no room for what does not fit. */
function checked(draft: Record<string, unknown>): EngineEvent {
  try {
    return engineEvents.decode(viewOf(engineEvents.toBytes(draft as Parameters<typeof engineEvents.toBytes>[0])));
  } catch (error) {
    throw new NotAnEngineEvent(error instanceof Error ? error.message : 'not encodable', { cause: error });
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
