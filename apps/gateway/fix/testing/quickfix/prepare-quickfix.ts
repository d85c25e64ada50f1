import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { leaveOut, onPath } from '@base/config/testing';

const FOLDER = join(import.meta.dirname, '../../../../../node_modules/.cache/strongroom-quickfix');
const SOURCE = join(import.meta.dirname, 'initiator.cpp');
/** Debian's packages hold no dictionary; this tarball has upstream's. It is unpacked, never installed: its native build is of another age. */
const DICTIONARY_PACKAGE = 'node-quickfix@2.1.1';
const DICTIONARY_FILE = 'package/quickfix/spec/FIX44.xml';
const DICTIONARY_SHA256 = '2af65911ed8e9c9bccd8800052446c313b4edf30ec94fdc8be28ef89c18e48d2';

export interface QuickFixFiles {
  readonly initiator: string;
  readonly dictionary: string;
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Compiles the client and fetches the dictionary, once for a source and a machine. Undefined, and said so, where either cannot be had. */
export function prepareQuickFix(check: string): QuickFixFiles | undefined {
  if (!onPath('g++') || !existsSync('/usr/include/quickfix/Session.h')) {
    leaveOut(check, 'libquickfix-dev or g++ is not installed (apt-get install libquickfix-dev g++)');
    return undefined;
  }
  mkdirSync(FOLDER, { recursive: true });
  const dictionary = join(FOLDER, `FIX44-${DICTIONARY_SHA256.slice(0, 8)}.xml`);
  const initiator = join(FOLDER, `initiator-${sha256(readFileSync(SOURCE)).slice(0, 16)}`);
  const scratch = mkdtempSync(join(FOLDER, 'making-'));
  try {
    if (!existsSync(dictionary) && !fetchDictionary(check, scratch, dictionary)) return undefined;
    if (!existsSync(initiator)) {
      const made = join(scratch, 'initiator');
      // Its headers have dynamic exception specifications, which C++17 has not.
      execFileSync('g++', ['-std=c++14', '-w', SOURCE, '-lquickfix', '-lpthread', '-o', made], { stdio: 'inherit' });
      renameSync(made, initiator);
    }
    return { initiator, dictionary };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function fetchDictionary(check: string, scratch: string, dictionary: string): boolean {
  try {
    execFileSync('npm', ['pack', DICTIONARY_PACKAGE, '--silent', '--pack-destination', scratch], { stdio: 'ignore' });
  } catch {
    leaveOut(check, `${DICTIONARY_PACKAGE} could not be fetched from the npm registry`);
    return false;
  }
  execFileSync('tar', ['xzf', join(scratch, 'node-quickfix-2.1.1.tgz'), '-C', scratch, DICTIONARY_FILE]);
  const found = join(scratch, DICTIONARY_FILE);
  const sum = sha256(readFileSync(found));
  if (sum !== DICTIONARY_SHA256) throw new Error(`${DICTIONARY_FILE} is another file: ${sum}`);
  renameSync(found, dictionary);
  return true;
}
