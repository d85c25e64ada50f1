import { addressOf } from './address.js';
import { multisig, paidPubkey, scriptType } from './script-type.js';

const INPUT_CHARSET = `0123456789()[],'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH\`#"\\ `;
const CHECKSUM_CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0xf5dee51989n, 0xa9fdca3312n, 0x1bab10e32dn, 0x3706b1677an, 0x644d626ffdn];

/** The output descriptor that Bitcoin Core infers from a script alone, with its checksum (BIP-380 to 386). */
export function inferDescriptor(script: Buffer): string {
  const body = describe(script);
  return `${body}#${descriptorChecksum(body)}`;
}

function describe(script: Buffer): string {
  const key = paidPubkey(script);
  if (key) return `pk(${key.toString('hex')})`;
  const shared = multisig(script);
  if (shared) return `multi(${[shared.required, ...shared.keys.map((each) => each.toString('hex'))].join(',')})`;
  if (scriptType(script) === 'witness_v1_taproot') return `rawtr(${script.subarray(2).toString('hex')})`;
  const address = addressOf(script);
  return address === undefined ? `raw(${script.toString('hex')})` : `addr(${address})`;
}

/** BIP-380's checksum: a BCH code over the descriptor's characters in groups of three. */
export function descriptorChecksum(descriptor: string): string {
  let state = 1n;
  const feed = (symbol: number): void => {
    const top = state >> 35n;
    state = ((state & 0x7ffffffffn) << 5n) ^ BigInt(symbol);
    for (const [bit, generator] of GENERATOR.entries()) if ((top >> BigInt(bit)) & 1n) state ^= generator;
  };
  let group = 0;
  let members = 0;
  for (const character of descriptor) {
    const position = INPUT_CHARSET.indexOf(character);
    feed(position & 31);
    group = group * 3 + (position >> 5);
    members += 1;
    if (members % 3 === 0) {
      feed(group);
      group = 0;
    }
  }
  if (members % 3 !== 0) feed(group);
  for (let i = 0; i < 8; i += 1) feed(0);
  state ^= 1n;
  return Array.from({ length: 8 }, (_, i) => CHECKSUM_CHARSET[Number((state >> BigInt(5 * (7 - i))) & 31n)]).join('');
}
