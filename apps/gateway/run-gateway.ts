import { loadConfig } from '@base/config';
import { serveOperations } from '@base/observability';
import { openProcess } from '@base/process';
import { ApiKeyStandings } from '@platform/identity';
import { HighestTerm } from '@platform/venue-link';
import { readVenueSnapshot } from '@products/venue';
import { KeyAccess } from './access/key-access.js';
import { LiveVenue } from './desk/live-venue.js';
import { restSettingsOf, socketSettingsOf } from './door-settings.js';
import { openFixDoor } from './fix/fix-door.js';
import { readFixTls } from './fix/read-fix-tls.js';
import { gatewayConfig, type GatewayConfig } from './gateway-config.js';
import { type Door, type GatewayParts } from './parts.js';
import { openRestDoor } from './rest/rest-door.js';
import { RedisResumeCache } from './socket/redis-resume-cache.js';
import { type ResumeCache } from './socket/resume-cache.js';
import { openSocketDoor } from './socket/socket-door.js';

/** What is under way may end in this time, and the whole stop takes no longer than the second. */
const GRACE_MS = 5_000;
const STOP_WITHIN_MS = 9_000;
const DAY_MS = 86_400_000;

interface Started {
  venue?: LiveVenue;
  cache?: ResumeCache | undefined;
  doors: readonly Door[];
  isStopping: boolean;
}

/**
 * The whole process: configuration, the venue, access, the doors, health, signals. It is told to be ready when the doors are open, which is
 * when its view of the venue has caught up.
 * @throws ConfigurationError
 */
export async function runGateway(): Promise<void> {
  const config = loadConfig(gatewayConfig);
  const opened = await openProcess('gateway', config, { connections: 10 });
  const { database, clock, logger } = opened;
  const started: Started = { doors: [], isStopping: false };
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
      // What the doors said last is shared before the process is gone, so that another one can resume their clients.
      .then(() => Promise.all([started.venue?.close(), started.cache?.close()]))
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
  const cache = config.REDIS_URL && new RedisResumeCache({ url: config.REDIS_URL, logger });
  started.cache = cache;
  started.doors = await openDoors(
    { desk: venue.desk, feed: venue.feed, access, database, clock, logger },
    config,
    cache,
  );
  const ports = started.doors.map(({ port }) => port);
  logger.info({ ports, health: operations.port }, 'gateway ready');
}

/** One line for each door. */
function openDoors(
  parts: GatewayParts,
  config: GatewayConfig,
  cache: ResumeCache | undefined,
): Promise<readonly Door[]> {
  const fix = {
    host: config.LISTEN_ADDRESS,
    port: config.GATEWAY_FIX_PORT,
    tls: readFixTls(config),
    messagesKeptMs: config.GATEWAY_FIX_MESSAGES_KEPT_DAYS * DAY_MS,
  };
  return Promise.all([
    openRestDoor(parts, restSettingsOf(config)),
    openSocketDoor({ ...parts, ...(cache && { cache }) }, socketSettingsOf(config)),
    openFixDoor(parts, fix),
  ]);
}
