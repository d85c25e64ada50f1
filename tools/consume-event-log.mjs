/**
 * A consumer of the event log, to begin from: `KAFKA_BROKERS=… node tools/consume-event-log.mjs [topic…] [--group name] [--state file]
 * [--until-idle ms]`. Prints each event, a line of JSON (again only what a crash kept it from noting), in the order of its key. docs/event-log.md says what the log promises.
 *
 * Its rule is the one that every consumer needs: keep, for each partition, the highest place that was dealt with, and drop what is not beyond it.
 * Here the effect is a line on stdout and the places are a file. One that writes to a database writes both in one transaction, and then each
 * event takes effect exactly once.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';

const TOPICS = ['strongroom.domain.v1', 'strongroom.engine.v1'];

/** Which headers tell an event's place, by schema. A schema that is not here is another version: better to stop than to misread it. */
const PLACES = {
  'strongroom.domain/1': ['commit', 'seq'],
  'strongroom.engine/1': ['sequence', 'index'],
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    group: { type: 'string', default: 'strongroom-example' },
    state: { type: 'string' },
    'until-idle': { type: 'string' },
  },
});
const brokers = (process.env.KAFKA_BROKERS ?? '').split(',').filter(Boolean);
if (brokers.length === 0) {
  console.error('KAFKA_BROKERS=host:port,… says where the event log is');
  process.exit(1);
}

/** @type {Record<string, [string, string]>} the highest place by topic and partition, as decimal text */
const places = options.state && existsSync(options.state) ? JSON.parse(readFileSync(options.state, 'utf8')) : {};
let repeats = 0;
/** Nothing is idle before the group has shared its partitions out. */
let lastNews = Infinity;

const consumer = new Kafka({ clientId: options.group, brokers, logLevel: logLevel.ERROR }).consumer({
  groupId: options.group,
  // A topic that is not there is a mistake here; the producer's side makes it.
  allowAutoTopicCreation: false,
});
consumer.on(consumer.events.CRASH, ({ payload }) => {
  if (payload.restart) return;
  console.error(payload.error.message);
  process.exit(1);
});
consumer.on(consumer.events.GROUP_JOIN, () => {
  lastNews = Date.now();
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void end());

await consumer.connect();
await consumer.subscribe({ topics: positionals.length > 0 ? positionals : TOPICS, fromBeginning: true });
await consumer.run({
  // Offsets are committed behind the places: what a crash takes back comes again, and is dropped.
  eachBatchAutoResolve: false,
  eachBatch: async ({ batch, resolveOffset, heartbeat, isRunning, isStale }) => {
    lastNews = Date.now();
    const partition = `${batch.topic}/${batch.partition}`;
    const done = [];
    for (const message of batch.messages) {
      if (!isRunning() || isStale()) break;
      take(partition, message);
      done.push(message.offset);
    }
    keepPlaces();
    for (const offset of done) resolveOffset(offset);
    await heartbeat();
  },
});
if (options['until-idle']) {
  const idle = Number(options['until-idle']);
  setInterval(() => {
    if (Date.now() - lastNews > idle) void end();
  }, 50);
}

/** @param {string} partition @param {import('kafkajs').KafkaMessage} message */
function take(partition, { headers = {}, value }) {
  const schema = String(headers.schema);
  const names = PLACES[schema];
  if (names === undefined)
    throw new Error(`${partition} has an event of schema ${schema}, which this consumer does not know`);
  const place = names.map((name) => String(headers[name]));
  if (places[partition] !== undefined && !isBeyond(place, places[partition])) {
    repeats += 1;
    return;
  }
  places[partition] = place;
  process.stdout.write(`${String(value)}\n`);
}

/** @param {[string, string]} place @param {[string, string]} other two decimal integers each; they do not fit into doubles */
function isBeyond([major, minor], [otherMajor, otherMinor]) {
  return BigInt(major) === BigInt(otherMajor) ? BigInt(minor) > BigInt(otherMinor) : BigInt(major) > BigInt(otherMajor);
}

/** Whole or not at all: a half-written file would forget what was dealt with. */
function keepPlaces() {
  if (options.state === undefined) return;
  writeFileSync(`${options.state}.new`, JSON.stringify(places));
  renameSync(`${options.state}.new`, options.state);
}

async function end() {
  await consumer.disconnect();
  if (repeats > 0) console.error(`${repeats} repeats dropped`);
  process.exit(0);
}
