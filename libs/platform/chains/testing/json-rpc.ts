const ANSWERS_WITHIN_MS = 30_000;

/** An error that the node answered with. */
export class NodeError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

interface RpcAnswer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string } | null;
}

/**
 * One JSON-RPC call; the URL may carry `user:password@`. Throws a NodeError for an error answer. The result is what
 * JSON.parse makes of it, so amounts of bitcoin are floats: for assertions, not for money.
 */
export async function callNode<T>(url: string, method: string, params: readonly unknown[]): Promise<T> {
  const { username, password, origin, pathname } = new URL(url);
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  const response = await fetch(`${origin}${pathname}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(username ? { authorization } : {}) },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
  });
  const text = await response.text();
  if (text === '') throw new Error(`HTTP ${response.status} from ${origin}`);
  const { result, error } = JSON.parse(text) as RpcAnswer;
  if (error) throw new NodeError(error.code, error.message);
  return result as T;
}
