import { describe, expect, it } from '@jest/globals';
import bcoin, { type TX } from 'bcoin';
import { dustThreshold, feeAt, feeRate, requireStandard, virtualSize } from './policy.js';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const P2WPKH = `0014${'00'.repeat(20)}`;
const DATA_80 = `6a4c50${'00'.repeat(80)}`;

interface Shape {
  readonly version?: number;
  readonly scriptSig?: string;
  readonly outputs?: readonly { readonly value: number; readonly script: string }[];
}

function transaction({ version = 2, scriptSig = '', outputs = [{ value: 10_000, script: P2WPKH }] }: Shape): TX {
  const withLength = (script: string): string => {
    const length = script.length / 2;
    const size = Buffer.alloc(length < 0xfd ? 1 : 3, 0xfd);
    size.writeUIntLE(length, length < 0xfd ? 0 : 1, length < 0xfd ? 1 : 2);
    return size.toString('hex') + script;
  };
  const uint = (value: number, bytes: number): string => {
    const buffer = Buffer.alloc(bytes);
    buffer.writeUIntLE(value, 0, Math.min(bytes, 6));
    return buffer.toString('hex');
  };
  const outs = outputs.map(({ value, script }) => uint(value, 8) + withLength(script)).join('');
  const input = `${'11'.repeat(32)}00000000${withLength(scriptSig)}ffffffff`;
  return bcoin.TX.fromRaw(hex(`${uint(version, 4)}01${input}${uint(outputs.length, 1)}${outs}00000000`));
}

const refusal = (shape: Shape): string | undefined => {
  try {
    requireStandard(transaction(shape));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

describe('relay policy', () => {
  it.each([
    ['P2PKH', `76a914${'00'.repeat(20)}88ac`, 546n],
    ['P2SH', `a914${'00'.repeat(20)}87`, 540n],
    ['P2WPKH', P2WPKH, 294n],
    ['P2WSH', `0020${'00'.repeat(32)}`, 330n],
    ['P2TR', `5120${'00'.repeat(32)}`, 330n],
    ['pay-to-anchor', '51024e73', 240n],
    ['data', DATA_80, 0n],
  ])('calls less than its cost dust: %s', (_, script, threshold) => {
    expect(dustThreshold(hex(script))).toBe(threshold);
    if (threshold === 0n) return;
    const paying = (value: bigint): Shape => ({
      outputs: [
        { value: Number(value), script },
        { value: 1_000, script: P2WPKH },
      ],
    });
    expect(refusal(paying(threshold))).toBeUndefined();
    expect(refusal(paying(threshold - 1n))).toBe('dust');
  });

  it('knows the versions 1 and 2', () => {
    expect([1, 2].map((version) => refusal({ version }))).toEqual([undefined, undefined]);
    expect([0, 3, 0xffffffff].map((version) => refusal({ version }))).toEqual(['version', 'version', 'version']);
  });

  it('takes 80 bytes of data once', () => {
    const output = { value: 0, script: DATA_80 };
    const payment = { value: 1_000, script: P2WPKH };
    expect(refusal({ outputs: [output, payment] })).toBeUndefined();
    expect(refusal({ outputs: [{ value: 0, script: `6a4c51${'00'.repeat(81)}` }, payment] })).toBe('scriptpubkey');
    expect(refusal({ outputs: [output, output] })).toBe('multi-op-return');
  });

  it('takes only known templates and only pushes to unlock them', () => {
    expect(refusal({ outputs: [{ value: 10_000, script: '51' }] })).toBe('scriptpubkey');
    expect(refusal({ scriptSig: '76' })).toBe('scriptsig-not-pushonly');
    expect(refusal({ scriptSig: `4d7306${'00'.repeat(1651)}` })).toBe('scriptsig-size');
    expect(refusal({ outputs: [{ value: 10_000, script: '6a' }] })).toBe('tx-size-small');
  });

  it('rounds what a rate asks for up, and a rate that was paid down', () => {
    expect([0, 1, 110, 141].map((vsize) => feeAt(1_000n, vsize))).toEqual([0n, 1n, 110n, 141n]);
    expect(feeAt(1_001n, 141)).toBe(142n);
    expect(feeRate(141n, 142)).toBe(992n);
    expect(virtualSize(561)).toBe(141);
    expect(virtualSize(400, 80)).toBe(400);
  });
});
