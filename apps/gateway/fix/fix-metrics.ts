import { counter, gauge } from '@base/observability';

const connections = gauge({ name: 'strongroom_fix_connections', help: 'Open FIX connections' });
const logons = counter({ name: 'strongroom_fix_logons_total', help: 'Logons by outcome', labels: ['outcome'] });
const garbledMessages = counter({ name: 'strongroom_fix_garbled_total', help: 'Messages passed over: length or checksum wrong' }); // prettier-ignore
const throttles = counter({ name: 'strongroom_fix_throttled_total', help: 'Times that a connection was read more slowly' }); // prettier-ignore
const cuts = counter({ name: 'strongroom_fix_cut_total', help: 'Connections cut: slow, oversized or garbled' });

export const fixMetrics = {
  connections: (count: number): void => connections.set(count),
  logon: (outcome: 'taken' | 'refused' | 'dropped'): void => logons.inc({ outcome }),
  garbled: (): void => garbledMessages.inc(),
  throttled: (): void => throttles.inc(),
  cut: (): void => cuts.inc(),
};
