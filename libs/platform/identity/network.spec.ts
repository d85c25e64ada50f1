import { describe, expect, it } from '@jest/globals';
import { canonicalAddress, networkOf } from './network.js';

describe('addresses', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::FFFF:cb00:7109', '203.0.113.9'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('%s has one spelling', (given, canonical) => {
    expect(canonicalAddress(given)).toBe(canonical);
  });

  it.each(['', 'localhost', '203.0.113', '203.0.113.9, 10.0.0.1', '2001:db8::1::2'])('%p is none', (given) => {
    expect(() => canonicalAddress(given)).toThrow(RangeError);
  });
});

describe('G2: limits count a whole network, so rotating addresses inside it buys nothing', () => {
  it.each([
    ['203.0.113.9', '203.0.113.0/24'],
    ['::ffff:203.0.113.200', '203.0.113.0/24'],
    ['2001:db8:7:1::1', '2001:db8:7::/48'],
    ['2001:db8:7:ffff:a:b:c:d', '2001:db8:7::/48'],
    ['2001:db8::1', '2001:db8:0::/48'],
    ['::1', '0:0:0::/48'],
  ])('%s is in %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
