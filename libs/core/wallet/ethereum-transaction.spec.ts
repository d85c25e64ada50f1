import { describe, expect, it } from '@jest/globals';
import { hexToBytes } from '@noble/hashes/utils.js';
import { Transaction, Wallet } from 'ethers';
import fc from 'fast-check';
import { buildEthereumTransfer, readEthereumTransfer, readSignedTransfer, rlpEncode, signDigest, signEthereumTransfer, type DigestSigner, type EthereumTransfer } from './index.js'; // prettier-ignore
import { officialVectors } from './testing/official-vectors.js';

const eip155 = officialVectors<{ signingData: string; signedTx: string }>('eip155');
const typed =
  officialVectors<{ name: string; key: string; unsigned: string; signed: string; tx: Record<string, unknown> }[]>(
    'eth-typed-tx-ethers-40',
  );

const key: DigestSigner = (digest) => signDigest(hexToBytes('46'.repeat(32)), digest);
const transfer: EthereumTransfer = {
  chainId: 31337n,
  nonce: 9,
  to: '0x3535353535353535353535353535353535353535',
  value: 10n ** 18n,
  gasLimit: 21_000n,
  maxFeePerGas: 20_000_000_000n,
  maxPriorityFeePerGas: 1_000_000_000n,
};

const arbitraryTransfer: fc.Arbitrary<EthereumTransfer> = fc
  .record({
    chainId: fc.bigInt({ min: 1n, max: 1n << 52n }),
    nonce: fc.maxSafeNat(),
    to: fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`),
    value: fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
    gasLimit: fc.bigInt({ min: 21_000n, max: 30_000_000n }),
    maxPriorityFeePerGas: fc.bigInt({ min: 0n, max: 10n ** 12n }),
    over: fc.bigInt({ min: 0n, max: 10n ** 13n }),
  })
  .map(({ over, ...rest }) => ({ ...rest, maxFeePerGas: rest.maxPriorityFeePerGas + over }));

const code = (run: () => unknown): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? 'no code';
  }
};

describe('EIP-1559 transfers', () => {
  it('what is built reads back the same, whatever the fields', () => {
    fc.assert(
      fc.property(arbitraryTransfer, (given) => {
        const read = readEthereumTransfer(buildEthereumTransfer(given));
        expect({ ...read, to: read.to.toLowerCase() }).toEqual({ ...given, to: given.to.toLowerCase() });
      }),
      { numRuns: 300 },
    );
  });

  it('signs to what ethers signs by itself (RFC 6979, low S)', async () => {
    const signed = signEthereumTransfer(buildEthereumTransfer(transfer), key);
    const byEthers = await new Wallet(`0x${'46'.repeat(32)}`).signTransaction({ type: 2, ...transfer });
    expect(signed.raw).toBe(byEthers);
    expect(signed.from).toBe('0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F');
    expect(readSignedTransfer(signed.raw)).toMatchObject({ from: signed.from, hash: signed.hash, transfer });
  });

  it('W7: refuses chain id 0, legacy and pre-155 bytes, other types and signed transactions', () => {
    expect(code(() => buildEthereumTransfer({ ...transfer, chainId: 0n }))).toBe('transaction_type_refused');
    const refused = [
      ...(eip155 ? [eip155.signingData, eip155.signedTx] : []),
      Transaction.from({ type: 0, ...legacyFields() }).unsignedSerialized,
      Transaction.from({ type: 1, chainId: 31337n, ...legacyFields() }).unsignedSerialized,
      '0x',
      '0x02',
      '0x03c0',
    ];
    for (const bytes of refused)
      expect(code(() => readEthereumTransfer(bytes))).toMatch(/transaction_(type_refused|malformed)/);
    expect(code(() => readEthereumTransfer(signEthereumTransfer(buildEthereumTransfer(transfer), key).raw))).toBe(
      'transaction_malformed',
    );
  });

  it('refuses call data, access lists, contract creation, a tip above the cap and too little gas', () => {
    const variant = (fields: object): string =>
      Transaction.from({ type: 2, ...transfer, ...fields }).unsignedSerialized;
    expect(code(() => readEthereumTransfer(variant({ data: '0xa9059cbb' })))).toBe('transaction_type_refused');
    expect(code(() => readEthereumTransfer(variant({ accessList: [{ address: transfer.to, storageKeys: [] }] })))).toBe(
      'transaction_type_refused',
    );
    expect(code(() => readEthereumTransfer(variant({ to: null })))).toBe('transaction_type_refused');
    expect(code(() => readEthereumTransfer(variant({ gasLimit: 20_999n })))).toBe('transaction_malformed');
    expect(code(() => buildEthereumTransfer({ ...transfer, maxPriorityFeePerGas: transfer.maxFeePerGas + 1n }))).toBe(
      'transaction_malformed',
    );
    expect(code(() => buildEthereumTransfer({ ...transfer, value: -1n }))).toBe('transaction_malformed');
    expect(code(() => buildEthereumTransfer({ ...transfer, value: 1n << 256n }))).toBe('transaction_malformed');
  });

  it('refuses every other encoding of the same transfer', () => {
    const canonical = buildEthereumTransfer(transfer);
    expect(code(() => readEthereumTransfer(canonical.toUpperCase().replace('0X', '0x')))).toBe(
      'transaction_type_refused',
    );
    expect(code(() => readEthereumTransfer(`${canonical}00`))).toBe('transaction_malformed');
    const fields = [31337n, 9n, 1_000_000_000n, 20_000_000_000n, 21_000n, hexToBytes('35'.repeat(20))];
    const padded = rlpEncode([
      ...fields,
      hexToBytes(`00${(10n ** 18n).toString(16).padStart(16, '0')}`),
      new Uint8Array(),
      [],
    ]);
    expect(code(() => readEthereumTransfer(`0x02${Buffer.from(padded).toString('hex')}`))).toBe(
      'transaction_malformed',
    );
  });

  it('ethers’ published typed transactions: ours signs the plain ones alike and refuses the rest', () => {
    for (const { name, key: secret, signed } of typed ?? []) {
      const { unsignedSerialized, type, data, to, accessList } = Transaction.from(signed);
      const isPlain = type === 2 && data === '0x' && to !== null && (accessList ?? []).length === 0;
      const outcome = code(() =>
        expect(
          signEthereumTransfer(unsignedSerialized, (digest) => signDigest(hexToBytes(secret.slice(2)), digest)).raw,
        ).toBe(signed),
      );
      if (isPlain) expect({ name, outcome }).toEqual({ name, outcome: undefined });
      else expect(outcome).toMatch(/transaction_(type_refused|malformed)/);
    }
  });
});

describe('RLP', () => {
  it('the yellow paper’s examples', () => {
    const hex = (item: Parameters<typeof rlpEncode>[0]): string => Buffer.from(rlpEncode(item)).toString('hex');
    expect(hex(new TextEncoder().encode('dog'))).toBe('83646f67');
    expect(hex(['cat', 'dog'].map((word) => new TextEncoder().encode(word)))).toBe('c88363617483646f67');
    expect(hex(0n)).toBe('80');
    expect(hex([])).toBe('c0');
    expect(hex(15n)).toBe('0f');
    expect(hex(1024n)).toBe('820400');
    expect(hex([[], [[]], [[], [[]]]])).toBe('c7c0c1c0c3c0c1c0');
    expect(hex(new Uint8Array(56).fill(97))).toBe(`b838${'61'.repeat(56)}`);
  });
});

function legacyFields() {
  const { nonce, to, value, gasLimit } = transfer;
  return { nonce, to, value, gasLimit, gasPrice: 20_000_000_000n };
}
