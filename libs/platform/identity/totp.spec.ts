import { describe, expect, it } from '@jest/globals';
import { matchTotp, newTotpSecret, totpCode, totpStep, totpUri } from './totp.js';

/** The ASCII secret of RFC 6238's appendix B, "12345678901234567890", in base32. */
const RFC_SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('RFC 6238 codes', () => {
  it('are the last six digits of appendix B for SHA-1', () => {
    const vectors: [number, string][] = [
      [59, '94287082'],
      [1111111109, '07081804'],
      [1111111111, '14050471'],
      [1234567890, '89005924'],
      [2000000000, '69279037'],
      [20000000000, '65353130'],
    ];
    for (const [seconds, eightDigits] of vectors) {
      expect(totpCode(RFC_SECRET, totpStep(new Date(seconds * 1_000)))).toBe(eightDigits.slice(2));
    }
  });

  it('live thirty seconds and ten on either side, no more', () => {
    const start = new Date('2026-03-01T12:00:00Z').getTime();
    const code = totpCode(RFC_SECRET, totpStep(new Date(start)));
    const at = (seconds: number): number | undefined => matchTotp(RFC_SECRET, code, new Date(start + seconds * 1_000));
    expect([-10, 0, 29, 39].map(at)).toEqual(Array(4).fill(totpStep(new Date(start))));
    expect([-11, 40, 60, 3_600].map(at)).toEqual(Array(4).fill(undefined));
  });

  it('are refused in any other spelling', () => {
    const now = new Date(59_000);
    const code = totpCode(RFC_SECRET, totpStep(now));
    for (const wrong of ['', code.slice(1), `${code}0`, ` ${code}`, code.replace(/\d/g, '٣')]) {
      expect(matchTotp(RFC_SECRET, wrong, now)).toBeUndefined();
    }
  });
});

describe('a new secret', () => {
  it('has 160 bits that differ each time, and goes into a key URI', () => {
    const secrets = Array.from({ length: 100 }, newTotpSecret);
    expect(new Set(secrets).size).toBe(100);
    for (const secret of secrets) expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(totpUri(RFC_SECRET, 'ada+1@example.com')).toBe(
      `otpauth://totp/Strongroom:ada%2B1%40example.com?secret=${RFC_SECRET}&issuer=Strongroom&algorithm=SHA1&digits=6&period=30`,
    );
  });
});
