import { type Secret } from '@base/config';
import { Sealer } from '@base/sealing';

/** The seal of messages between the process that writes them and the one that delivers them. */
export const emailSealer = (keys: { tokenKey: Secret; previousTokenKey?: Secret | undefined }): Sealer =>
  new Sealer({ purpose: 'email', key: keys.tokenKey, previous: keys.previousTokenKey });
