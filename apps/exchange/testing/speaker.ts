import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { Secret } from '@base/config';
import {
  ENGINE_CODEC_VERSION,
  engineCommands,
  type EngineCommandDraft,
  type LinkMessage,
  type LinkMessageDraft,
  linkMessages,
  type LinkRole,
  FIRST_LINK_CODE,
} from '@core/contracts';
import { proofOf } from '@platform/venue-link';
import { secretOf } from './client.js';

const PATIENCE_MS = 60_000;

/** Somebody who speaks the protocol by hand, and so can speak it badly. */
export class Speaker {
  readonly messages: LinkMessage[] = [];
  eventBytes = 0;
  isClosed = false;
  readonly socket: Socket;
  #rest = Buffer.alloc(0);

  private constructor(path: string) {
    this.socket = connect(path);
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => (this.isClosed = true));
    this.socket.on('data', (chunk) => this.#read(chunk));
  }

  static async at(path: string): Promise<Speaker> {
    const speaker = new Speaker(path);
    await new Promise<void>((resolve) => speaker.socket.once('connect', () => resolve()));
    return speaker;
  }

  /** One whose handshake is done. */
  static async as(role: LinkRole, path: string): Promise<Speaker> {
    const speaker = await Speaker.at(path);
    await speaker.greet(role, secretOf(role));
    await speaker.hears('welcome');
    return speaker;
  }

  /** hello and proof; the caller looks at what comes of it. */
  async greet(
    key: string,
    secret = new Secret('a key that nobody was given'),
    engineVersion = ENGINE_CODEC_VERSION,
  ): Promise<void> {
    const clientNonce = new Uint8Array(randomBytes(32));
    this.say({ kind: 'hello', nonce: clientNonce, key, engineVersion });
    const answer = await this.hears('challenge', 'farewell');
    if (answer.kind !== 'challenge') return;
    this.say({
      kind: 'proof',
      proof: new Uint8Array(proofOf('client', secret, { key, clientNonce, venueNonce: answer.nonce })),
    });
  }

  say(message: LinkMessageDraft): void {
    this.write(linkMessages.toBytes(message));
  }

  command(draft: EngineCommandDraft, number: number): void {
    this.write(engineCommands.toBytes({ ...draft, sequence: BigInt(number) }));
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** One byte after another. */
  drip(bytes: Uint8Array, everyMs: number): void {
    let at = 0;
    const dripping = setInterval(() => {
      if (this.isClosed || at === bytes.length) clearInterval(dripping);
      else this.socket.write(bytes.subarray(at, (at += 1)));
    }, everyMs);
  }

  /** The first message of one of these kinds. */
  async hears<K extends LinkMessage['kind']>(...kinds: K[]): Promise<Extract<LinkMessage, { kind: K }>> {
    const isOne = (message: LinkMessage): message is Extract<LinkMessage, { kind: K }> =>
      kinds.some((kind) => kind === message.kind);
    for (const start = Date.now(); ; await new Promise((resolve) => setTimeout(resolve, 1))) {
      const found = this.messages.find(isOne);
      if (found !== undefined) return found;
      if (this.isClosed || Date.now() - start > PATIENCE_MS)
        throw new Error(`no ${kinds.join(' or ')} came: ${JSON.stringify(this.messages.map(({ kind }) => kind))}`);
    }
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (this.#rest.length - at >= 2 && this.#rest.length - at >= this.#rest.readUInt16LE(at)) {
      const length = this.#rest.readUInt16LE(at);
      const bytes = this.#rest.subarray(at, at + length);
      if (bytes.readUInt8(2) < FIRST_LINK_CODE) this.eventBytes += length;
      else this.messages.push(linkMessages.decode(new DataView(bytes.buffer, bytes.byteOffset, length)));
      at += length;
    }
    this.#rest = this.#rest.subarray(at);
  }
}
