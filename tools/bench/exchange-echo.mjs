/** The baseline of `npm run bench:exchange`: echoes what comes, `exchange-echo.mjs SOCKET [FILE]`, with FILE after one fdatasync for all that a turn brought. */
import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';

const PREALLOCATED = 64 * 1024 * 1024;
const [, , path, file] = process.argv;
const journal = file ? preallocate(file) : -1;
let position = 0;
let waiting = [];

createServer((socket) => {
  socket.on('data', (chunk) => {
    if (journal < 0) return void socket.write(chunk);
    if (waiting.length === 0) setImmediate(answer);
    waiting.push([socket, chunk]);
  });
  socket.on('error', () => socket.destroy());
}).listen(path, () => console.log('listening'));

/** Space that is there already, as in the exchange's journal: a growing file would sync slower. */
function preallocate(name) {
  const made = openSync(name, 'w');
  const zeros = Buffer.alloc(1024 * 1024);
  for (let at = 0; at < PREALLOCATED; at += zeros.length) writeSync(made, zeros, 0, zeros.length, at);
  fsyncSync(made);
  process.on('exit', () => closeSync(made));
  return made;
}

function answer() {
  for (const [, chunk] of waiting) {
    if (position + chunk.length > PREALLOCATED) position = 0;
    writeSync(journal, chunk, 0, chunk.length, position);
    position += chunk.length;
  }
  fdatasyncSync(journal);
  const answered = waiting;
  waiting = [];
  for (const [socket, chunk] of answered) socket.write(chunk);
}
