/**
 * Ties a foreign program's life to ours. The program runs under a small shell that also reads a pipe whose other end only
 * we hold: when that pipe closes, because we ended it or because we were killed with SIGKILL, the program gets a signal.
 * Nothing a supervisor could do in JavaScript survives its own SIGKILL; the kernel closing a pipe does.
 */
import { spawn } from 'node:child_process';

// $0 is the program, $1 the signal. File descriptor 3 keeps the pipe, since a background command's stdin is /dev/null.
const UNDER_A_PIPE = `
signal=$1; shift
exec 3<&0
"$0" "$@" 3<&- &
program=$!
(cat <&3 >/dev/null; kill -"$signal" "$program" 2>/dev/null) &
watch=$!
wait "$program"
code=$?
kill "$watch" 2>/dev/null
exit "$code"`;

/**
 * Starts `program` in a session of its own (a terminal's Ctrl-C reaches us, not it) with stdin tied to our life.
 * End it with `child.stdin.end()`: it then receives `signal`.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ signal?: 'INT' | 'TERM', cwd?: string, env?: NodeJS.ProcessEnv, uid?: number, gid?: number, output?: number | 'pipe' }} [options]
 *   `output`: a file's descriptor for what it prints
 * @returns {import('node:child_process').ChildProcessByStdio<import('node:stream').Writable, any, any>}
 */
export function spawnTied(program, args, { signal = 'TERM', cwd, env, uid, gid, output = 'pipe' } = {}) {
  const child = /** @type {any} */ (
    spawn('sh', ['-c', UNDER_A_PIPE, program, signal, ...args], {
      cwd,
      env: env ?? process.env,
      uid,
      gid,
      detached: true,
      stdio: ['pipe', output, output],
    })
  );
  // The program may be gone before we close its pipe; that is an ending like any other.
  child.stdin.on('error', () => {});
  return child;
}
