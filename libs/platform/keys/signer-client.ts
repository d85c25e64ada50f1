import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { type SignerAccount, type SignerRefusalCode, type SignerRequest, type SignerResponse, signerResponseSchema, type SignRequest } from '@core/contracts'; // prettier-ignore
import { encodeFrame, FrameReader } from './frames.js';

/** No answer: the signer may or may not have signed. Ask again with the same request; the answer is the same signature. */
export class SignerUnavailable extends Error {
  override readonly name = 'SignerUnavailable';
}

/** The signer answered that it will not. Nothing was signed for this request. */
export class SignerRefused extends Error {
  override readonly name = 'SignerRefused';

  constructor(
    readonly refusal: SignerRefusalCode,
    detail: string,
  ) {
    super(`${refusal}: ${detail}`);
  }
}

export interface SignedTransaction {
  readonly raw: string;
  readonly txid: string;
  readonly logLength: number;
}

/** What the rest of the platform may ask of a signer. */
export interface TransactionSigner {
  /** @throws SignerRefused, SignerUnavailable */
  sign(request: Omit<SignRequest, 'type' | 'id'>): Promise<SignedTransaction>;
}

/** Talks to the signer over its Unix socket: one connection for each request, bounded in time and size. */
export class SignerClient implements TransactionSigner {
  constructor(
    private readonly socketPath: string,
    private readonly timeoutMs = 10_000,
  ) {}

  async sign(request: Omit<SignRequest, 'type' | 'id'>): Promise<SignedTransaction> {
    const response = await this.#request({ type: 'sign', id: randomUUID(), ...request });
    if (response.type !== 'signed')
      throw new SignerUnavailable(`the signer answered ${response.type} to a request to sign`);
    return { raw: response.raw, txid: response.txid, logLength: response.logLength };
  }

  /** The signer's watch-only accounts and its state. @throws SignerUnavailable */
  async describe(): Promise<{ accounts: readonly SignerAccount[]; frozen: boolean; logLength: number }> {
    const response = await this.#request({ type: 'describe', id: randomUUID() });
    if (response.type !== 'described')
      throw new SignerUnavailable(`the signer answered ${response.type} to a question`);
    return { accounts: response.accounts, frozen: response.frozen, logLength: response.logLength };
  }

  /** Stops all signing. Only a person beside the signer can lift it. */
  async freeze(reason: string): Promise<void> {
    const response = await this.#request({ type: 'freeze', id: randomUUID(), reason });
    if (response.type !== 'frozen') throw new SignerUnavailable(`the signer answered ${response.type} to a freeze`);
  }

  async #request(request: SignerRequest): Promise<SignerResponse> {
    const parsed = signerResponseSchema.safeParse(await this.#exchange(request));
    if (!parsed.success) throw new SignerUnavailable('the signer answered something that is not in its protocol');
    if (parsed.data.type === 'refused') throw new SignerRefused(parsed.data.refusal, parsed.data.detail);
    if (parsed.data.id !== request.id) throw new SignerUnavailable('the signer answered another request');
    return parsed.data;
  }

  #exchange(request: SignerRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const reader = new FrameReader();
      const socket = connect(this.socketPath);
      const fail = (why: string): void => {
        socket.destroy();
        reject(new SignerUnavailable(why));
      };
      const timer = setTimeout(() => fail('the signer did not answer in time'), this.timeoutMs);
      socket.on('connect', () => socket.write(encodeFrame(request)));
      socket.on('error', (error: NodeJS.ErrnoException) =>
        fail(`no connection to the signer (${error.code ?? 'unknown'})`),
      );
      socket.on('close', () => {
        clearTimeout(timer);
        reject(new SignerUnavailable('the signer closed the connection without an answer'));
      });
      socket.on('data', (chunk: Buffer) => {
        try {
          const [answer] = reader.push(chunk);
          if (answer === undefined) return;
          resolve(answer);
          socket.end();
        } catch {
          fail('the signer sent a broken frame');
        }
      });
    });
  }
}
