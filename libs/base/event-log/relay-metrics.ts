import { counter, gauge } from '@base/observability';
import { type StreamName } from './record-source.js';

const lag = gauge({
  name: 'strongroom_event_log_lag_seconds',
  help: 'Age of the oldest event in hand that the event log has not acknowledged; 0 when there is none',
  labels: ['stream'],
});
const following = gauge({
  name: 'strongroom_event_log_following',
  help: '1 while this process reads the stream for the event log',
  labels: ['stream'],
});
const records = counter({
  name: 'strongroom_event_log_records_total',
  help: 'Events that the event log has acknowledged',
  labels: ['stream'],
});
const failures = counter({
  name: 'strongroom_event_log_failures_total',
  help: 'Tries that failed: `append` at the log, `stream` at where the events come from or at the checkpoint',
  labels: ['stream', 'at'],
});

/** What a relay's loop tells. */
export const relayMetrics = {
  following(stream: StreamName, is: boolean): void {
    following.set({ stream }, is ? 1 : 0);
    if (!is) lag.set({ stream }, 0);
  },
  lag(stream: StreamName, seconds: number): void {
    lag.set({ stream }, Math.max(0, seconds));
  },
  acknowledged(stream: StreamName, count: number): void {
    records.inc({ stream }, count);
  },
  failed(stream: StreamName, at: 'append' | 'stream'): void {
    failures.inc({ stream, at });
  },
};
