export { SPEC_ACCOUNT, specCoin, specMaster, specOrigin } from './coins.js';
export { officialVectors } from './official-vectors.js';
