import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { flag, loadConfig, port, Secret, secretText, secretUrl } from './index.js';

const shape = {
  KEY: secretText(),
  DATABASE_URL: secretUrl('postgres', 'postgresql'),
  PORT: port(3000),
  SANDBOX: flag(),
};
const sound = { KEY: 'q8f2Lr09vTz1xWc4', DATABASE_URL: 'postgres://app:hunter2@localhost/db' };

describe('configuration', () => {
  it('J7: refuses missing, default and weak secrets by name, and shows no value', () => {
    const wrong: Record<string, string>[] = [{}, { ...sound, KEY: 'changeme' }, { ...sound, KEY: 'aaaaaaaaaaaaaaaaaaaaaaaa' }, { ...sound, DATABASE_URL: 'mysql://root:hunter2@h/d' }, { ...sound, PORT: 'eighty' }]; // prettier-ignore
    for (const environment of wrong) {
      const refusal = (() => {
        try {
          loadConfig(shape, environment);
          return 'started';
        } catch (error) {
          return String(error);
        }
      })();
      expect(refusal).toMatch(/KEY|DATABASE_URL|PORT/);
      expect(refusal).not.toMatch(/hunter2|changeme|aaaa|eighty/);
    }
  });

  it('takes defaults where they exist', () => {
    const config = loadConfig(shape, sound);
    expect([config.PORT, config.SANDBOX, config.KEY.reveal()]).toEqual([3000, false, sound.KEY]);
  });
});

describe('a secret', () => {
  it('cannot be printed by any of the usual ways', () => {
    const secret = new Secret('canary-7731');
    const prints = [String(secret), [secret].join(), JSON.stringify({ secret }), inspect({ deep: { secret } }, { depth: 9, showHidden: true }), Object.values(secret).join(), JSON.stringify(structuredClone({ ...secret }))]; // prettier-ignore
    expect(prints.join('|')).not.toContain('canary');
    expect(secret.reveal()).toBe('canary-7731');
  });
});
