/** What a refused caller is told: a stable code for programs, a title and what to do next for people. */
export interface RefusalOptions {
  readonly status: 400 | 401 | 403 | 404 | 409 | 410 | 413 | 422 | 429 | 503;
  readonly title: string;
  /** What the caller can do about it. Never text from a node, a counterparty or the database. */
  readonly detail?: string;
  /** The field of the request that is to blame, as a path: `amount`, `lines.0.price`. */
  readonly field?: string;
  readonly retryAfterSeconds?: number;
}

/** An expected "no". Thrown inside a transaction it undoes everything; at the edge it becomes a problem document (RFC 9457). */
export class Refusal extends Error {
  readonly code: string;
  readonly options: RefusalOptions;

  constructor(code: string, options: RefusalOptions) {
    super(options.title);
    this.name = 'Refusal';
    this.code = code;
    this.options = options;
  }
}

export const refuse = (code: string, options: RefusalOptions): Refusal => new Refusal(code, options);
