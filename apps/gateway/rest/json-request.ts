import { isLosslessNumber, parse } from 'lossless-json';
import { invalid } from './rest-refusal.js';

/** Members of a request by name, numbers as the text in which they were written. Names that nobody asks for are ignored. */
export class RequestFields {
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(fields: Iterable<readonly [string, unknown]>) {
    this.#fields = new Map(fields);
  }

  /** A JSON object, or an empty body. @throws RestRefusal 422 */
  static ofJson(body: string): RequestFields {
    if (body.trim() === '') return new RequestFields([]);
    const value = parseJson(body);
    if (typeof value !== 'object' || value === null || Array.isArray(value) || isLosslessNumber(value))
      throw invalid('The body must be a JSON object');
    return new RequestFields(Object.entries(value));
  }

  static ofForm(body: string): RequestFields {
    return new RequestFields(new URLSearchParams(body));
  }

  /** Text; a number's digits too, since clients write numbers either way. Undefined when absent or null. @throws RestRefusal 422 */
  text(name: string): string | undefined {
    const value = this.#fields.get(name);
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string') return value;
    if (isLosslessNumber(value)) return value.toString();
    throw invalid(`${name} must be text or a number`);
  }

  /** @throws RestRefusal 422 when it is absent */
  required(name: string): string {
    const text = this.text(name);
    if (text === undefined || text === '') throw invalid(`${name} is missing`);
    return text;
  }

  /** The digits of a number are its text here. */
  decimal(name: string): string | undefined {
    return this.text(name);
  }

  flag(name: string): boolean {
    const value = this.#fields.get(name);
    return value === true || value === 'true';
  }
}

function parseJson(body: string): unknown {
  try {
    return parse(body);
  } catch {
    throw invalid('The body is not valid JSON');
  }
}
