import { custodySettingsOf } from '@platform/custody';
import { type GatewayConfig } from './gateway-config.js';
import { type RestDoorSettings } from './rest/rest-door.js';
import { type SocketDoorSettings } from './socket/socket-door.js';
import { type ThrottleLimits } from './throttle.js';

const BURST_SECONDS = 2;

const limitOf = (perSecond: number): ThrottleLimits => ({ perSecond, burst: perSecond * BURST_SECONDS });

/** The REST door as the environment wants it. */
export const restSettingsOf = (config: GatewayConfig): RestDoorSettings => ({
  host: config.LISTEN_ADDRESS,
  port: config.GATEWAY_REST_PORT,
  base: config.GATEWAY_REST_BASE,
  custody: custodySettingsOf(config),
  trustedProxies: config.GATEWAY_TRUSTED_PROXIES,
  perKey: limitOf(config.GATEWAY_KEY_RATE),
  perAddress: limitOf(config.GATEWAY_ADDRESS_RATE),
});

/** The WebSocket door; a handshake costs what a request costs. */
export const socketSettingsOf = (config: GatewayConfig): SocketDoorSettings => ({
  host: config.LISTEN_ADDRESS,
  port: config.GATEWAY_WS_PORT,
  trustedProxies: config.GATEWAY_TRUSTED_PROXIES,
  perAddress: limitOf(config.GATEWAY_ADDRESS_RATE),
});
