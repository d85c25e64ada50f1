import { counter, histogram } from '@base/observability';

export const requests = counter({
  name: 'strongroom_gateway_rest_requests_total',
  help: 'Requests of the REST door by route and status',
  labels: ['method', 'route', 'status'],
});

export const requestSeconds = histogram({
  name: 'strongroom_gateway_rest_seconds',
  help: 'From a request’s last byte to its answer',
  labels: ['method', 'route'],
});
