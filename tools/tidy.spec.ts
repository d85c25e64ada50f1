/** Reads the tree as a reviewer would and fails on what nobody wants to point out twice (docs/contributing.md). */
import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './launcher/root.mjs';

const NOT_OURS = new Set(['node_modules', 'dist', '.git', 'coverage', 'bench-results', '.strongroom']);
const FOLDERS = ['.ci', 'apps', 'docs', 'infra', 'libs', 'prisma-free-migrations', 'tools'];
const FILES = [
  '.dependency-cruiser.cjs',
  '.dockerignore',
  '.gitignore',
  '.prettierignore',
  '.prettierrc.json',
  '.swcrc',
  'LICENSE',
  'README.md',
  'eslint.config.js',
  'jest.config.js',
  'nest-cli.json',
  'package-lock.json',
  'package.json',
  'tsconfig.build.json',
  'tsconfig.json',
];
const LONGEST_FILE = 400;
const LONGEST_README = 40;
const TEXT = /\.(ts|mjs|js|cjs|json|md|sql|yaml|yml|html|css)$|(^|\/)(run|Containerfile[.\w]*)$/;
const CODE = /\.(ts|mjs|js|cjs)$/;
// This file has to name what it forbids, and the lockfile is npm's.
const EXEMPT = new Set(['tools/tidy.spec.ts', 'package-lock.json']);

const listFiles = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !NOT_OURS.has(name))
    .flatMap((entry) => (entry.isDirectory() ? listFiles(join(folder, entry.name)) : [join(folder, entry.name)]));

const files = listFiles(ROOT)
  .map((path) => relative(ROOT, path))
  .filter((path) => TEXT.test(path) && !EXEMPT.has(path));
const linesOf = (path: string): string[] => readFileSync(join(ROOT, path), 'utf8').split('\n');

/** Every place where `pattern` stands in the files that `where` admits, as `file:line: text`. */
function findAll(pattern: RegExp, where: (path: string) => boolean): string[] {
  return files.filter(where).flatMap((path) =>
    linesOf(path)
      .map((line, index) => ({ line, at: `${path}:${index + 1}` }))
      .filter(({ line }) => pattern.test(line))
      .map(({ line, at }) => `${at}: ${line.trim().slice(0, 120)}`),
  );
}

const isCode = (path: string): boolean => CODE.test(path);
const isSpec = (path: string): boolean => path.endsWith('.spec.ts') || path.includes('/testing/');
const isTypeScript = (path: string): boolean => path.endsWith('.ts');
const isSource = (path: string): boolean => isTypeScript(path) && !isSpec(path);

const libraries = ['core', 'base', 'platform', 'products']
  .map((layer) => join('libs', layer))
  .filter((layer) => existsSync(join(ROOT, layer)))
  .flatMap((layer) => readdirSync(join(ROOT, layer)).map((name) => join(layer, name)))
  .filter(
    (path) =>
      statSync(join(ROOT, path)).isDirectory() &&
      listFiles(join(ROOT, path)).some((file) => !file.includes('/testing/')),
  );

describe('the tree', () => {
  test('its top level holds the house and nothing else', () => {
    const strays = readdirSync(ROOT).filter((name) => !NOT_OURS.has(name) && ![...FOLDERS, ...FILES].includes(name));
    expect(strays).toEqual([]);
  });

  test(`no source file has more than ${LONGEST_FILE} lines`, () => {
    const long = files.filter((path) => isCode(path) && !isSpec(path) && linesOf(path).length > LONGEST_FILE);
    expect(long).toEqual([]);
  });

  test.each(libraries)(`%s has an index and a README of at most ${LONGEST_README} lines`, (library) => {
    expect(existsSync(join(ROOT, library, 'index.ts'))).toBe(true);
    expect(existsSync(join(ROOT, library, 'README.md'))).toBe(true);
    expect(linesOf(join(library, 'README.md')).length - 1).toBeLessThanOrEqual(LONGEST_README);
  });

  test('the README’s table leads to every library', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    expect(libraries.filter((library) => !readme.includes(`(${library}/README.md)`))).toEqual([]);
  });

  test('migrations are numbered without a gap and all listed', () => {
    const folder = join(ROOT, 'prisma-free-migrations');
    const migrations = readdirSync(folder)
      .filter((name) => /^\d/.test(name) && name.endsWith('.ts'))
      .sort();
    const index = readFileSync(join(folder, 'index.ts'), 'utf8');
    expect(migrations.filter((name) => !index.includes(`./${name.replace(/\.ts$/, '.js')}`))).toEqual([]);
    const numbers = migrations.map((name) => Number(/^\d+/.exec(name)?.[0]));
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

describe('the text', () => {
  test('nothing is left for later', () => {
    expect(findAll(/\b(TODO|FIXME|XXX|HACK)\b/, () => true)).toEqual([]);
  });

  test('no test is alone or silently left out', () => {
    const pattern = /\b(test|it|describe)(\.\w+)*\.(only|skip|todo)\b|\b(xit|xtest|xdescribe|fit|fdescribe)\(/;
    expect(findAll(pattern, isSpec)).toEqual([]);
  });

  test('no rule of the compiler or the linter is switched off in passing', () => {
    expect(
      findAll(
        /eslint-disable|@ts-(ignore|nocheck|expect-error)|\bas unknown as\b|\bas any\b|: any(\[\])?\s*[;,)=>|]/,
        isTypeScript,
      ),
    ).toEqual([]);
  });

  test('no default exports, no enums', () => {
    expect(findAll(/^export default|^(export )?(const )?enum /, isTypeScript)).toEqual([]);
  });

  test('money never passes through a float', () => {
    const conversions = /\b(parseFloat|toFixed|toPrecision)\(/;
    const named = /\bNumber\([^)]*(amount|balance|price|fee|minor|satoshi|sats|wei|cents)\b/i;
    const money = (path: string): boolean =>
      isSource(path) && /^(libs\/(core\/money|platform|products)|apps\/(api|admin|worker|signer))\//.test(path);
    // A JSON integer of an outside system is exact as long as its size is checked right before.
    const isGuarded = (hit: string): boolean => {
      const [path = '', line = '1'] = hit.split(':');
      return linesOf(path)
        .slice(Number(line) - 4, Number(line))
        .some((text) => text.includes('MAX_SAFE_INTEGER'));
    };
    const hits = findAll(named, money).filter((hit) => !isGuarded(hit));
    expect([...findAll(conversions, money), ...hits]).toEqual([]);
  });

  test('time in rules comes from a clock', () => {
    const rules = (path: string): boolean => isSource(path) && /^libs\/(platform|products)\//.test(path);
    expect(findAll(/\bDate\.now\(\)|\bnew Date\(\)/, rules)).toEqual([]);
  });

  test('no path of anybody’s machine', () => {
    expect(findAll(/(^|[\s'"`(=])\/(work|root|home|Users)\/\w/, () => true)).toEqual([]);
  });
});
