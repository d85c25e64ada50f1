import { z } from 'zod';
import { Secret } from '@base/config';
import { histogram } from '@base/observability';
import { NodeRefused, NodeUnavailable } from './node-errors.js';

export interface JsonRpcOptions {
  /** May carry `user:password@`. */
  readonly url: Secret;
  readonly timeoutMs?: number;
  /** Longest answer that is read; what is longer is cut off and counts as no answer. */
  readonly maxBytes?: number;
  /** After this many failures in a row, calls fail at once for `coolDownMs`. */
  readonly failuresUntilOpen?: number;
  readonly coolDownMs?: number;
}

const seconds = histogram({
  name: 'strongroom_chains_rpc_seconds',
  help: 'Calls to nodes',
  labels: ['method', 'outcome'],
});

const envelopeSchema = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).nullish(),
});

/**
 * Calls one node. Every call is bounded in time and size, its answer is checked by a schema before anybody sees it, and a node that keeps
 * failing is left alone for a while. Numbers arrive as JSON numbers: amounts are never read from here.
 */
export class JsonRpc {
  readonly #endpoint: string;
  readonly #authorization: Secret | undefined;
  readonly #timeoutMs: number;
  readonly #maxBytes: number;
  readonly #failuresUntilOpen: number;
  readonly #coolDownMs: number;
  #failures = 0;
  #openUntil = 0;
  #nextId = 0;

  constructor(options: JsonRpcOptions) {
    const url = new URL(options.url.reveal());
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    this.#authorization =
      url.username === '' ? undefined : new Secret(`Basic ${Buffer.from(credentials).toString('base64')}`);
    url.username = '';
    url.password = '';
    this.#endpoint = url.href;
    this.#timeoutMs = options.timeoutMs ?? 15_000;
    this.#maxBytes = options.maxBytes ?? 32 * 1024 * 1024;
    this.#failuresUntilOpen = options.failuresUntilOpen ?? 5;
    this.#coolDownMs = options.coolDownMs ?? 2_000;
  }

  /** @throws NodeRefused when the node said no, NodeUnavailable for everything else that is not an answer of the schema's shape. */
  async call<Schema extends z.ZodType>(
    method: string,
    params: readonly unknown[],
    schema: Schema,
  ): Promise<z.infer<Schema>> {
    if (performance.now() < this.#openUntil)
      throw new NodeUnavailable(`${method}: the node keeps failing and is left alone`);
    const end = seconds.startTimer({ method });
    try {
      const result = await this.#ask(method, params);
      const parsed = schema.safeParse(result);
      if (!parsed.success) throw new NodeUnavailable(`${method}: the answer has not the shape it should have`);
      this.#failures = 0;
      end({ outcome: 'answered' });
      return parsed.data;
    } catch (error) {
      end({ outcome: error instanceof NodeRefused ? 'refused' : 'failed' });
      if (error instanceof NodeRefused) this.#failures = 0;
      else if (++this.#failures >= this.#failuresUntilOpen) this.#openUntil = performance.now() + this.#coolDownMs;
      throw error;
    }
  }

  async #ask(method: string, params: readonly unknown[]): Promise<unknown> {
    const text = await this.#post(JSON.stringify({ jsonrpc: '2.0', id: ++this.#nextId, method, params }), method);
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      throw new NodeUnavailable(`${method}: the answer is not JSON`);
    }
    const envelope = envelopeSchema.safeParse(json);
    if (!envelope.success) throw new NodeUnavailable(`${method}: not an answer of JSON-RPC`);
    const { error, result } = envelope.data;
    if (error) throw new NodeRefused(method, error.code, error.message.slice(0, 500));
    return result;
  }

  async #post(body: string, method: string): Promise<string> {
    const authorization = this.#authorization?.reveal();
    try {
      const response = await fetch(this.#endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
        body,
        // A node that sends us elsewhere is not the node that was configured.
        redirect: 'error',
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
      return await this.#read(response, method);
    } catch (error) {
      if (error instanceof NodeUnavailable) throw error;
      const { name } = error as Error;
      throw new NodeUnavailable(`${method}: ${name === 'TimeoutError' ? 'no answer in time' : 'no connection'}`);
    }
  }

  async #read(response: Response, method: string): Promise<string> {
    if (response.body === null) throw new NodeUnavailable(`${method}: an empty answer`);
    const chunks: Uint8Array[] = [];
    let length = 0;
    // Leaving the loop cancels the stream, so what is too long is not downloaded either.
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > this.#maxBytes) throw new NodeUnavailable(`${method}: the answer is too long`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }
}

/** Runs calls with at most `width` under way; the results stand in the order of the items. The first failure fails all. */
export async function inBatches<Item, Result>(
  items: readonly Item[],
  width: number,
  run: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) results[at] = await run(items[at] as Item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}
