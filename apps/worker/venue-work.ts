import { settlerSettingsOf, startVenueWork } from '@products/venue';
import { type WorkerParts } from './worker.js';

/** The exchange's settlement, when there is an exchange. Answers how to stop it. */
export function registerVenueWork(parts: WorkerParts): () => Promise<void> {
  const settings = settlerSettingsOf(parts.config);
  return settings === undefined ? () => Promise.resolve() : startVenueWork(parts, settings);
}
