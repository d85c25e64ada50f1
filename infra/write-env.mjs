/**
 * `node infra/write-env.mjs [folder]`: makes the secrets that compose.yaml needs, once, in infra/.env and infra/secrets (both
 * ignored by git). Run again, it adds what is missing and changes nothing that is there.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENVIRONMENT } from '../tools/launcher/environment.mjs';

const OF_THE_SERVICES = ['POSTGRES_OWNER_PASSWORD', 'POSTGRES_APP_PASSWORD', 'REDIS_PASSWORD', 'GRAFANA_PASSWORD'];
const target = process.argv[2] ?? import.meta.dirname;
const file = join(target, '.env');
const folder = join(target, 'secrets');

const known = existsSync(file) ? readFileSync(file, 'utf8') : '';
const names = [...OF_THE_SERVICES, ...ENVIRONMENT.filter(({ secret }) => secret).map(({ name }) => name)];
const missing = names.filter((name) => !known.includes(`${name}=`));
writeFileSync(file, known + missing.map((name) => `${name}=${randomBytes(32).toString('hex')}\n`).join(''), {
  mode: 0o600,
});

// The containers' user is not the one who runs this: the folder keeps others out, the files must be readable inside.
mkdirSync(folder, { recursive: true, mode: 0o700 });
const passphrase = join(folder, 'hot-key-passphrase');
if (!existsSync(passphrase)) writeFileSync(passphrase, randomBytes(32).toString('hex'), { mode: 0o644 });
const ticketKey = join(folder, 'ticket-key.pem');
if (!existsSync(ticketKey)) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(ticketKey, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o644 });
  writeFileSync(join(folder, 'ticket-key.pub.pem'), publicKey.export({ type: 'spki', format: 'pem' }), { mode: 0o644 });
}
console.log(missing.length > 0 ? `made ${missing.join(', ')}` : 'every secret is there already');
