import { readFileSync } from 'node:fs';
import { ConfigurationError } from '@base/config';
import { type FixSettings } from './fix-settings.js';

/** The FIX port's key and certificate; undefined when neither is configured. @throws ConfigurationError for one of them alone, or none to read */
export function readFixTls(config: {
  readonly GATEWAY_FIX_TLS_KEY_FILE?: string | undefined;
  readonly GATEWAY_FIX_TLS_CERT_FILE?: string | undefined;
}): FixSettings['tls'] {
  const { GATEWAY_FIX_TLS_KEY_FILE: key, GATEWAY_FIX_TLS_CERT_FILE: cert } = config;
  if (key === undefined && cert === undefined) return undefined;
  if (key === undefined || cert === undefined)
    throw new ConfigurationError('GATEWAY_FIX_TLS_KEY_FILE and GATEWAY_FIX_TLS_CERT_FILE go together');
  return { key: read('GATEWAY_FIX_TLS_KEY_FILE', key), cert: read('GATEWAY_FIX_TLS_CERT_FILE', cert) };
}

function read(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigurationError(`${name} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}
