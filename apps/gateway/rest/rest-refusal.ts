import { STATUS_CODES } from 'node:http';
import { CommitUnknown, DatabaseBusy, DatabaseUnavailable } from '@base/database';
import { Refusal } from '@base/http';

/** Statuses that clients of this wire tell apart. 400, 403 and 409 are not among them: they take those for the network's and try again. */
export type RestStatus = 401 | 404 | 413 | 422 | 429 | 500 | 503;

/** A "no" of the REST door. */
export class RestRefusal extends Error {
  override readonly name = 'RestRefusal';

  constructor(
    readonly status: RestStatus,
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }
}

export const notFound = (message: string): RestRefusal => new RestRefusal(404, message);
export const invalid = (message: string): RestRefusal => new RestRefusal(422, message);
export const unauthorized = (message: string): RestRefusal => new RestRefusal(401, message);
/** Nothing was done: try again. */
export const unavailable = (message: string, retryAfterSeconds = 1): RestRefusal =>
  new RestRefusal(503, message, retryAfterSeconds);
/** It may have been done: no time to try again is named, since who tries again without looking may do it twice. */
export const outcomeUnknown = (message: string): RestRefusal => new RestRefusal(503, message);

/** The body that existing clients read: `status` repeats the code as a number, `path` is relative to the base. */
export function errorBody(refusal: RestRefusal, at: { readonly now: Date; readonly path: string }): string {
  const { status, message } = refusal;
  const timestamp = at.now.toISOString().replace('Z', '+00:00');
  return JSON.stringify({ timestamp, status, error: STATUS_CODES[status] ?? '', message, path: at.path });
}

/** What was thrown as a refusal of this wire; undefined for what nobody expected. */
export function refusalOf(error: unknown): RestRefusal | undefined {
  if (error instanceof RestRefusal) return error;
  if (error instanceof Refusal) return ofHouse(error);
  if (error instanceof DatabaseBusy || error instanceof DatabaseUnavailable)
    return unavailable('We are busy and nothing was done: try again');
  if (error instanceof CommitUnknown)
    return outcomeUnknown('Outcome unknown: look whether it was done before you repeat it');
  return ofFramework(error);
}

/** Refusals of the libraries, in the statuses of this wire. */
function ofHouse({ message, options }: Refusal): RestRefusal {
  const { status, detail, retryAfterSeconds } = options;
  const told = detail === undefined ? message : `${message}: ${detail}`;
  const kept = status === 401 || status === 404 || status === 429 || status === 503;
  return new RestRefusal(kept ? status : 422, told, retryAfterSeconds);
}

function ofFramework(error: unknown): RestRefusal | undefined {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined;
  if (status === 413) return new RestRefusal(413, 'The body is too large');
  return status === 404 ? notFound('There is nothing here') : invalid('The request is malformed');
}
