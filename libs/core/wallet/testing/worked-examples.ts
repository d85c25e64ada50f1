// The published examples that every wallet author knows by heart; enough to notice a wrong library without any other file.

export const BIP84_PHRASE =
  'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';

export const BIP84_ADDRESSES = [
  { branch: 0, index: 0, address: 'bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu' },
  { branch: 0, index: 1, address: 'bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g' },
  { branch: 1, index: 0, address: 'bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el' },
] as const;

export const EIP55_ADDRESSES = [
  '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
  '0x52908400098527886E0F7030069857D2E4169EE7',
  '0xde709f2102306220921060314715629080e2fb77',
] as const;

/** One address of each standard script on each prefix family, all of the same hash bytes where the type allows. */
export const BITCOIN_ADDRESSES = [
  { network: 'mainnet', type: 'p2pkh', address: '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2' },
  { network: 'mainnet', type: 'p2sh', address: '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy' },
  { network: 'mainnet', type: 'p2wpkh', address: 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4' },
  { network: 'testnet', type: 'p2wsh', address: 'tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7' },
  { network: 'mainnet', type: 'p2tr', address: 'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0' },
] as const;
