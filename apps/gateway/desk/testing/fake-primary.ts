import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@base/config';
import { ENGINE_CODEC_VERSION, type EngineCommand, engineCommands, engineEvents, FIRST_LINK_CODE, type LinkMessage, type LinkMessageDraft, linkMessages } from '@core/contracts'; // prettier-ignore
import { type Challenge, proofOf } from '@platform/venue-link';

/** The venue's side of the link, which says what a spec wants it to, also what a real primary says only after a disk was lost. */
export class FakePrimary {
  readonly key = new Secret('the key of a primary that is none');
  readonly #folder = mkdtempSync(join(tmpdir(), 'fake-primary-'));
  readonly #server: Server = createServer((socket) => this.#greet(socket));
  readonly #links = new Set<Socket>();
  readonly commands: EngineCommand[] = [];
  /** How many links it has let in. */
  welcomed = 0;
  term = 1;
  nextSequence = 1;

  get address(): { readonly path: string } {
    return { path: join(this.#folder, 'venue.sock') };
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.address.path, resolve));
  }

  say(message: LinkMessageDraft): void {
    for (const link of this.#links) link.write(linkMessages.toBytes(message));
  }

  tell(event: Parameters<typeof engineEvents.toBytes>[0]): void {
    for (const link of this.#links) link.write(engineEvents.toBytes(event));
  }

  /** As a process that dies does. */
  breakOff(): void {
    for (const link of this.#links) link.destroy();
  }

  async close(): Promise<void> {
    this.breakOff();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #greet(socket: Socket): void {
    const nonce = new Uint8Array(randomBytes(32));
    const challenge = { key: '', clientNonce: nonce, venueNonce: nonce };
    socket.on('error', () => undefined).on('close', () => this.#links.delete(socket));
    socket.on('data', (piece) => {
      for (let at = 0; at < piece.length; at += piece.readUInt16LE(at)) {
        const message = new DataView(piece.buffer, piece.byteOffset + at, piece.readUInt16LE(at));
        if (message.getUint8(2) < FIRST_LINK_CODE) this.commands.push(engineCommands.decode(message, 0));
        else this.#answer(socket, linkMessages.decode(message, 0), challenge);
      }
    });
  }

  #answer(socket: Socket, message: LinkMessage, challenge: Challenge): void {
    // The client's proof is believed, whatever it is.
    if (message.kind === 'hello') {
      Object.assign(challenge, { key: message.key, clientNonce: message.nonce });
      socket.write(linkMessages.toBytes({ kind: 'challenge', nonce: challenge.venueNonce }));
    }
    if (message.kind === 'proof') {
      this.#links.add(socket);
      this.welcomed += 1;
      const { term, nextSequence } = this;
      const standing = { epoch: term, link: 1, heartbeatMs: 1_000, engineVersion: ENGINE_CODEC_VERSION, role: 'gateway', standing: 'primary' } as const; // prettier-ignore
      const proof = new Uint8Array(proofOf('venue', this.key, challenge));
      socket.write(linkMessages.toBytes({ kind: 'welcome', ...standing, proof, term, seal: new Uint8Array(32), nextSequence: BigInt(nextSequence), oldestSequence: 1n })); // prettier-ignore
    }
  }
}
