import { counter, gauge } from '@base/observability';
import { Tally } from '../tally.js';

/** Why a connection ended. */
export type Ending =
  | 'client'
  | 'slow consumer'
  | 'flood'
  | 'silent'
  | 'protocol error'
  | 'authentication failed'
  | 'unavailable'
  | 'key changed'
  | 'session ended'
  | 'going away';

export const connections = gauge({
  name: 'strongroom_gateway_socket_connections',
  help: 'Open WebSocket connections',
});
export const endings = counter({
  name: 'strongroom_gateway_socket_endings_total',
  help: 'WebSocket connections ended, by reason; a slow consumer did not read what it had asked for',
  labels: ['reason'],
});
export const refusedHandshakes = counter({
  name: 'strongroom_gateway_socket_refused_handshakes_total',
  help: 'Requests for a WebSocket that were refused, by HTTP status',
  labels: ['status'],
});
const requests = counter({
  name: 'strongroom_gateway_socket_requests_total',
  help: 'Messages of clients; throttled ones were ignored',
  labels: ['outcome'],
});
export const taken = new Tally((count) => requests.inc({ outcome: 'taken' }, count));
export const throttled = new Tally((count) => requests.inc({ outcome: 'throttled' }, count));
export const backlogBytes = gauge({
  name: 'strongroom_gateway_socket_backlog_bytes',
  help: 'What slow consumers are owed together',
});
