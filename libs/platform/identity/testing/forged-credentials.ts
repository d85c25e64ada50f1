import { randomBytes } from 'node:crypto';
import { type IssuedSession } from '@platform/identity';

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * Credentials that nobody may get in with (rows G6 to G8, H1), made of genuine ones.
 * @param genuine.session in force; `ended`: one that was signed out; `otherRealm`: an access token of the other realm
 */
export function forgedCredentials(genuine: {
  session: IssuedSession;
  ended: IssuedSession;
  otherRealm: string;
  keyId: string;
}): Record<string, Record<string, string>> {
  const { accessToken, refreshToken } = genuine.session;
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
  const header = base64url({ alg: 'none', typ: 'JWT' });
  const claims = base64url({ sub: 'admin', aud: 'strongroom', exp: 9_999_999_999 });
  return {
    'a random token': bearer(`sra_${randomBytes(32).toString('base64url')}`),
    'a shortened token': bearer(accessToken.slice(0, -1)),
    'a lengthened token': bearer(`${accessToken}A`),
    'a token in upper case': bearer(accessToken.toUpperCase()),
    'a token without its prefix': bearer(accessToken.slice(4)),
    'a refresh token': bearer(refreshToken),
    'a token of an ended session': bearer(genuine.ended.accessToken),
    'a token of the other realm': bearer(genuine.otherRealm),
    'a session id': bearer(genuine.session.sessionId),
    'an unsigned JWT': bearer(`${header}.${claims}.`),
    'a signed JWT': bearer(
      `${base64url({ alg: 'HS256', jwk: {} })}.${claims}.${randomBytes(32).toString('base64url')}`,
    ),
    'an empty bearer': { authorization: 'Bearer ' },
    'Basic credentials': { authorization: `Basic ${Buffer.from(accessToken).toString('base64')}` },
    'a bare token': { authorization: accessToken },
    'two tokens in one': bearer(`${accessToken}, ${accessToken}`),
    'an oversized token': bearer('A'.repeat(8_000)),
    'a token with SQL in it': bearer(`${accessToken}'--`),
    'an API key with another secret': { 'x-api-key': `${genuine.keyId}:${randomBytes(32).toString('base64url')}` },
    'an API key beside a session': { ...bearer(accessToken), 'x-api-key': `${genuine.keyId}:x` },
  };
}
