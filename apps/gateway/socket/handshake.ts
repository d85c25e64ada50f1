/** What a request for a WebSocket must look like before anything is answered to it (exchange-api.md §3.1, §3.3). */
import { type IncomingMessage } from 'node:http';

export const SOCKET_PATH = '/mercury-gateway/v1/ws';
const COOKIE = 'auth_token';

export type Handshake =
  | { readonly kind: 'refused'; readonly status: 400 | 403 | 404 }
  | { readonly kind: 'acceptable'; readonly token: string | undefined };

/**
 * A browser always says where its page is from: a page that is not ours gets nothing, with whatever cookie (cross-site WebSocket hijacking). Programs
 * may leave the origin out. A secret in an address would end up in logs along the way, so an address has no query at all.
 */
export function examineHandshake({ url = '', headers }: IncomingMessage, origins: ReadonlySet<string>): Handshake {
  const query = url.indexOf('?');
  if ((query < 0 ? url : url.slice(0, query)) !== SOCKET_PATH) return { kind: 'refused', status: 404 };
  if (query >= 0) return { kind: 'refused', status: 400 };
  if (headers.origin !== undefined && !origins.has(headers.origin)) return { kind: 'refused', status: 403 };
  return { kind: 'acceptable', token: cookieOf(headers.cookie) };
}

function cookieOf(header: string | undefined): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === COOKIE) return pair.slice(at + 1).trim() || undefined;
  }
  return undefined;
}
