export { emptyVenue } from './empty-venue.js';
