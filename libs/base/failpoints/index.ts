export { armFailpoint, failpoint } from './failpoints.js';
