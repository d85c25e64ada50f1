import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/**
 * Secrets that a local run makes for itself once and keeps in a file only its user may read.
 * @param {string} file
 * @returns {(name: string) => string} the secret of that name, 32 random bytes in hex, made on first use
 */
export function openSecrets(file) {
  /** @type {Record<string, string>} */
  const secrets = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  return (name) => {
    const known = secrets[name];
    if (known !== undefined) return known;
    const made = randomBytes(32).toString('hex');
    secrets[name] = made;
    writeFileSync(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return made;
  };
}
