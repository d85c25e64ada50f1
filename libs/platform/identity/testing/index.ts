export {
  createTestIdentity,
  SPEC_ORIGIN,
  SPEC_PASSWORD,
  SPEC_TOKEN_KEY,
  type TestIdentity,
} from './create-test-identity.js';
export { forgedCredentials } from './forged-credentials.js';
