import { afterEach, describe, expect, it } from '@jest/globals';
import { armFailpoint, failpoint } from './index.js';

describe('a failpoint', () => {
  const environment = process.env['NODE_ENV'];
  afterEach(() => {
    process.env['NODE_ENV'] = environment;
  });

  it('does nothing until it is armed, then what it was armed with, and nothing again once it is disarmed', () => {
    const reached: string[] = [];
    const pass = (): void => ['spec.one', 'spec.two'].forEach(failpoint);
    pass();
    const disarm = armFailpoint('spec.one', () => void reached.push('one'));
    pass();
    pass();
    expect(reached).toEqual(['one', 'one']);
    disarm();
    pass();
    expect(reached).toEqual(['one', 'one']);
  });

  it('throws at its place what its action throws', () => {
    const disarm = armFailpoint('spec.dies', () => {
      throw new Error('dead');
    });
    expect(() => failpoint('spec.dies')).toThrow('dead');
    disarm();
    expect(() => failpoint('spec.dies')).not.toThrow();
  });

  it('is armed by one at a time, and another’s disarming does not touch it', () => {
    const disarm = armFailpoint('spec.once', () => undefined);
    expect(() => armFailpoint('spec.once', () => undefined)).toThrow(/already/);
    disarm();
    const again = armFailpoint('spec.once', () => {
      throw new Error('mine');
    });
    disarm();
    expect(() => failpoint('spec.once')).toThrow('mine');
    again();
  });

  it('cannot be armed in production', () => {
    process.env['NODE_ENV'] = 'production';
    expect(() => armFailpoint('spec.production', () => undefined)).toThrow(/production/);
    expect(() => failpoint('spec.production')).not.toThrow();
  });
});
