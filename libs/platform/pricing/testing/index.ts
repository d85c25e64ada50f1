export { ManualSources } from './manual-sources.js';
