import { generateKeyPairSync } from 'node:crypto';
import { TicketAuthority } from '../index.js';

/** A fresh ticket key pair: the authority that approves, and the public half for a verifier. */
export function ticketKeys(): { authority: TicketAuthority; privateKeyPem: string; publicKeyPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const privateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    authority: new TicketAuthority(privateKeyPem),
    privateKeyPem,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}
