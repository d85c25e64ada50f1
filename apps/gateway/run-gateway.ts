import { loadConfig } from '@base/config';
import { serveOperations } from '@base/observability';
import { openProcess } from '@base/process';
import { custodySettingsOf } from '@platform/custody';
import { ApiKeyStandings } from '@platform/identity';
import { HighestTerm } from '@platform/venue-link';
import { readVenueSnapshot } from '@products/venue';
import { KeyAccess } from './access/key-access.js';
import { clientAddress } from './client-address.js';
import { LiveVenue } from './desk/live-venue.js';
import { openFixDoor } from './fix/fix-door.js';
import { readFixTls } from './fix/read-fix-tls.js';
import { gatewayConfig, type GatewayConfig } from './gateway-config.js';
import { type Door, type GatewayParts } from './parts.js';
import { openRestDoor } from './rest/rest-door.js';
import { RedisResumeCache } from './socket/redis-resume-cache.js';
import { openSocketDoor } from './socket/socket-door.js';

/** What is under way may end in this time, and the whole stop takes no longer than the second. */
const GRACE_MS = 5_000;
const STOP_WITHIN_MS = 9_000;
const BURST_SECONDS = 2;

/**
 * The whole process: configuration, the venue, access, the doors, health, signals. It is told to be ready when the doors are open, which is
 * when its view of the venue has caught up.
 * @throws ConfigurationError
 */
export async function runGateway(): Promise<void> {
  const config = loadConfig(gatewayConfig);
  const opened = await openProcess('gateway', config, { connections: 10 });
  const { database, clock, logger } = opened;
  const started: { venue?: LiveVenue; doors: readonly Door[]; isStopping: boolean } = { doors: [], isStopping: false };
  const operations = await serveOperations(
    { host: config.LISTEN_ADDRESS, port: config.GATEWAY_METRICS_PORT },
    {
      // Without the database nobody new can be let in, but whoever is in can still cancel: the gateway stays in service.
      ready: () => ({
        isReady: started.doors.length > 0 && !started.isStopping,
        told: { exchange: started.venue?.feed.isConnected === true ? 'connected' : 'away' },
      }),
      refresh: () => undefined,
    },
  );
  const access = new KeyAccess({ standings: new ApiKeyStandings(database, clock), database, clock, logger });
  const venueAt = new AbortController();
  const stop = (): void => {
    if (started.isStopping) return;
    started.isStopping = true;
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
    venueAt.abort();
    void Promise.all(started.doors.map((door) => door.close(GRACE_MS)))
      .then(() => started.venue?.close())
      .then(() => (access.stop(), operations.close(), opened.close()))
      .then(
        () => process.exit(0),
        (error: unknown) => {
          logger.error({ err: error }, 'stopping failed');
          process.exit(1);
        },
      );
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const venue = await LiveVenue.connect(
    {
      addresses: config.EXCHANGE_ADDRESSES,
      key: config.EXCHANGE_GATEWAY_KEY,
      terms: new HighestTerm(),
      readSnapshot: () => readVenueSnapshot(database),
      logger,
    },
    venueAt.signal,
  );
  started.venue = venue;
  access.start();
  started.doors = await openDoors({ desk: venue.desk, feed: venue.feed, access, database, clock, logger }, config);
  const ports = started.doors.map(({ port }) => port);
  logger.info({ ports, health: operations.port }, 'gateway ready');
}

/** One line for each door. */
async function openDoors(parts: GatewayParts, config: GatewayConfig): Promise<readonly Door[]> {
  const host = config.LISTEN_ADDRESS;
  const trustedProxies = config.GATEWAY_TRUSTED_PROXIES;
  const limit = (perSecond: number) => ({ perSecond, burst: perSecond * BURST_SECONDS });
  const rest = {
    host,
    port: config.GATEWAY_REST_PORT,
    base: config.GATEWAY_REST_BASE,
    custody: custodySettingsOf(config),
    trustedProxies,
    perKey: limit(config.GATEWAY_KEY_RATE),
    perAddress: limit(config.GATEWAY_ADDRESS_RATE),
  };
  const socket = {
    host,
    port: config.GATEWAY_WS_PORT,
    addressOf: (request: Parameters<typeof clientAddress>[0]) => clientAddress(request, trustedProxies),
  };
  const cache =
    config.REDIS_URL === undefined ? undefined : new RedisResumeCache({ url: config.REDIS_URL, logger: parts.logger });
  return Promise.all([
    openRestDoor(parts, rest),
    openSocketDoor({ ...parts, ...(cache && { cache }) }, socket),
    openFixDoor(parts, { host, port: config.GATEWAY_FIX_PORT, tls: readFixTls(config) }),
  ]);
}
