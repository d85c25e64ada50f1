export { ENGINE_SCHEMA, engineEventJson, NotAnEngineEvent, parseEngineEvent } from './engine-json.js';
export { engineRecord, keyOf, VENUE_KEY } from './engine-record.js';
export { EngineEventSource, type EngineSourceSettings } from './engine-source.js';
