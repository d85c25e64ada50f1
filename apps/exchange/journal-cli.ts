import { parseArgs } from 'node:util';
import { inspectJournal, type JournalReport, NodeDisk } from '@base/journal';
import { type Replayed, replayJournal } from './replay-journal.js';

const USAGE = `usage: exchange:journal inspect FOLDER   segments, mark, snapshots
       exchange:journal verify FOLDER    the same, every frame checked; exit code 1 when anything acknowledged is damaged
       exchange:journal replay FOLDER    all commands through an engine, from the first: rate, and whether the books are sound
       exchange:journal digest FOLDER    the digest of the state that the journal leads to, and nothing else
Nothing is changed, and the exchange may be running.`;

const COMMANDS = ['inspect', 'verify', 'replay', 'digest'] as const;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const isoOf = (micros: number): string => (micros === 0 ? '-' : new Date(micros / 1000).toISOString());

function main(args: readonly string[]): number {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true });
  const [name, folder] = positionals;
  const command = COMMANDS.find((known) => known === name);
  if (command === undefined || folder === undefined || positionals.length > 2) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const disk = new NodeDisk();
  if (command === 'inspect' || command === 'verify') {
    const report = inspectJournal(disk, folder);
    if (command === 'inspect') tellReport(report);
    return tellSoundness(report);
  }
  const replayed = replayJournal(disk, folder);
  if (command === 'digest') say(replayed.digest);
  else tellReplay(replayed);
  return tellSoundness(replayed.report, command === 'digest') || (replayed.unsound === null ? 0 : 1);
}

function tellReport({ segments, mark, snapshots }: JournalReport): void {
  for (const segment of segments) {
    const place = segment.isArchived ? 'archive/' : '';
    say(
      `${place}${segment.name}  epoch ${segment.epoch}  commands ${segment.firstSequence} to ${segment.lastSequence}  ` +
        `${segment.frames} batches, ${segment.recordBytes} bytes  ${isoOf(segment.firstTime)} to ${isoOf(segment.lastTime)}`,
    );
  }
  say(mark === undefined ? 'no mark' : `mark: durable up to ${mark.sequence} under epoch ${mark.epoch}`);
  for (const { name, fault } of snapshots) say(`snapshots/${name}  ${fault ?? 'sound'}`);
}

function tellReplay({ commands, lastSequence, seconds, eventBytes, digest, unsound }: Replayed): void {
  const rate = Math.round(commands / Math.max(seconds, 0.001));
  say(
    `${commands} commands up to ${lastSequence} in ${seconds.toFixed(2)} s (${rate} commands/s), ${eventBytes} bytes of events`,
  );
  say(`digest ${digest}`);
  say(unsound === null ? 'the books are sound' : `the books are not sound: ${unsound}`);
}

/** Answers the exit code. */
function tellSoundness({ firstSequence, lastSequence, damage, tornTail }: JournalReport, isQuiet = false): number {
  if (damage !== undefined) {
    process.stderr.write(`DAMAGED ${damage.segment ?? ''} at offset ${damage.offset ?? 0}: ${damage.message}\n`);
    return 1;
  }
  if (isQuiet) return 0;
  if (tornTail !== undefined) {
    say(
      `torn tail: ${tornTail.bytes} bytes from offset ${tornTail.offset} of ${tornTail.segment}, which a start will cut`,
    );
  }
  say(`sound: commands ${firstSequence} to ${lastSequence}`);
  return 0;
}

process.exitCode = main(process.argv.slice(2));
