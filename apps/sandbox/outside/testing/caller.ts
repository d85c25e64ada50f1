import { randomUUID } from 'node:crypto';

export interface Answered<Body> {
  readonly status: number;
  readonly body: Body;
}

/** Calls a sandbox process over HTTP, as the platform or an operator would. */
export class Caller {
  constructor(
    private readonly origin: string,
    private readonly key: string,
  ) {}

  get<Body = Record<string, unknown>>(path: string): Promise<Answered<Body>> {
    return this.send<Body>('GET', path);
  }

  post<Body = Record<string, unknown>>(
    path: string,
    body: object,
    key: string = randomUUID(),
  ): Promise<Answered<Body>> {
    return this.send<Body>('POST', path, body, { 'idempotency-key': key });
  }

  put<Body = Record<string, unknown>>(path: string, body: object): Promise<Answered<Body>> {
    return this.send<Body>('PUT', path, body);
  }

  async send<Body>(
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Answered<Body>> {
    const answer = await fetch(new URL(path, this.origin), {
      method,
      headers: { authorization: `Bearer ${this.key}`, ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
      redirect: 'manual',
    });
    const text = await answer.text();
    const json = answer.headers.get('content-type')?.startsWith('application/json');
    return { status: answer.status, body: (json ? JSON.parse(text) : text) as Body };
  }
}
