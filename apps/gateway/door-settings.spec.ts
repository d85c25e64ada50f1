import { expect, test } from '@jest/globals';
import { loadConfig } from '@base/config';
import { restSettingsOf, socketSettingsOf } from './door-settings.js';
import { gatewayConfig } from './gateway-config.js';

test('the proxies in front and the rates of an address are those of both doors', () => {
  const config = loadConfig(gatewayConfig, {
    DATABASE_URL: 'postgres://gateway@localhost/strongroom',
    EXCHANGE_ADDRESSES: '/tmp/exchange.sock',
    EXCHANGE_GATEWAY_KEY: 'gateway key of this spec alone',
    GATEWAY_TRUSTED_PROXIES: '2',
    GATEWAY_ADDRESS_RATE: '7',
  });
  for (const settings of [restSettingsOf(config), socketSettingsOf(config)])
    expect(settings).toMatchObject({ trustedProxies: 2, perAddress: { perSecond: 7, burst: 14 } });
});
