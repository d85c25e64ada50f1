/** Rows E1 and E2: no spelling of an amount but ours is one. As they stand in JSON, since JavaScript cannot hold some of them. */
export const HOSTILE_AMOUNTS: readonly string[] = [
  ...[
    'NaN',
    'Infinity',
    '-Infinity',
    '-0',
    '-1',
    '+1',
    '0x10',
    '1_000',
    '1,000',
    ' 1',
    '1 ',
    '.5',
    '5.',
    '01',
    '',
    '1e3',
    '1e309',
  ].map(quote),
  ...[
    '１２',
    '١٢',
    '1\n',
    '1\t',
    '1;',
    'null',
    '9'.repeat(400),
    `0.${'0'.repeat(400)}1`,
    '1.2.3',
    '--1',
    '½',
    '1 000',
  ].map(quote),
  '1',
  '0.30000000000000004',
  '9007199254740993',
  '123456789012345678901',
  '1e309',
  '-1',
  'null',
  'true',
  '[]',
  '["1"]',
  '{}',
  '{"value":"1"}',
];

/** Values of every JSON type, for a field that wants another. */
export const OF_ANOTHER_TYPE: Readonly<Record<string, readonly string[]>> = {
  string: ['1', 'true', 'null', '[]', '{}', '1e309', '["a"]', '{"$ne":null}'],
  integer: ['"1"', 'true', 'null', '[]', '{}', '1.5', '1e309', '-9007199254740993', '"0x10"'],
  number: ['"1"', 'true', 'null', '[]', '{}', '1e309'],
  boolean: ['"true"', '1', '0', 'null', '[]', '{}'],
  array: ['"a"', '1', 'true', 'null', '{}', '{"length":1}'],
  object: ['"a"', '1', 'true', 'null', '[]', '[{}]'],
};

/** Text that a field may take or refuse, and must survive. */
export const HOSTILE_TEXTS: readonly string[] = [
  "' OR 1=1 --",
  '"; DROP TABLE ledger.entries; --',
  '<script>alert(1)</script>',
  '{{7*7}}${7*7}',
  '../../../../etc/passwd',
  '%00%0d%0aSet-Cookie: a=b',
  '\u202eevil\u202d',
  '\ud800',
  '=HYPERLINK("http://x")',
  '__proto__',
  'a'.repeat(10_000),
  '\u0001\u001f\u007f',
  '𝟙𝟚𝟛',
].map(quote);

/** Members nobody asked for: rights, balances and owners that a body must not be able to set (row H3). */
export const EXTRA_MEMBERS: readonly string[] = [
  'role',
  'roles',
  'scopes2',
  'balance',
  'tierOverride',
  'isAdmin',
  'fee',
  'ownerId',
];

/** Whole bodies that no operation takes: rows I1 to I3. */
export const HOSTILE_BODIES: Readonly<Record<string, Buffer>> = {
  'an array 20,000 deep': Buffer.from('['.repeat(20_000) + ']'.repeat(20_000)),
  'an object 5,000 deep': Buffer.from('{"a":'.repeat(5_000) + '1' + '}'.repeat(5_000)),
  'two megabytes': Buffer.from(`{"a":"${'a'.repeat(2 * 1024 * 1024)}"}`),
  'twenty thousand keys': Buffer.from(`{${Array.from({ length: 20_000 }, (_, n) => `"k${n}":1`).join(',')}}`),
  'fifty thousand items': Buffer.from(`[${'1,'.repeat(49_999)}1]`),
  'a repeated key': Buffer.from('{"email":"a@example.com","email":"b@example.com"}'),
  'a key repeated by an escape': Buffer.from('{"email":"a@example.com","\\u0065mail":"b@example.com"}'),
  'a polluting key': Buffer.from('{"__proto__":{"polluted":true}}'),
  'an escaped polluting key': Buffer.from('{"\\u005f_proto__":{"polluted":true}}'),
  'a polluting constructor': Buffer.from('{"constructor":{"prototype":{"polluted":true}}}'),
  'a NUL in a text': Buffer.from('{"label":"a\\u0000b"}'),
  'bad UTF-8': Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('"}')]),
  'a byte order mark': Buffer.from('\ufeff{"a":1}'),
  'two documents': Buffer.from('{"a":1}{"b":2}'),
  'half a document': Buffer.from('{"a":'),
  'a text': Buffer.from('"text"'),
  'a number': Buffer.from('7'),
  null: Buffer.from('null'),
  'an empty array': Buffer.from('[]'),
  NaN: Buffer.from('NaN'),
  'a comment': Buffer.from('{"a":1/* */}'),
};

/** What stands in queries and paths to do harm. */
export const HOSTILE_QUERIES: readonly string[] = [
  'limit=-1',
  'limit=1000000000',
  'limit=NaN',
  'limit=1e309',
  'limit=1&limit=2',
  'cursor=%00',
  'cursor=a%00b',
  'cursor=AAAA',
  `cursor=${Buffer.from('["\' OR 1=1 --"]').toString('base64url')}`,
  `cursor=${Buffer.from('["1e309"]').toString('base64url')}`,
  `cursor=${'A'.repeat(5_000)}`,
  'a[__proto__][polluted]=true',
  '__proto__[polluted]=true',
  'constructor.prototype.polluted=true',
  'sort=password_hash;DROP%20TABLE%20x',
  '%E0%A4%A',
  '%00',
];

export const HOSTILE_SEGMENTS: readonly string[] = [
  'NaN',
  '1e309',
  '0',
  '-1',
  'null',
  'undefined',
  '__proto__',
  'constructor',
  '..%2f..%2fetc%2fpasswd',
  '%00',
  '%E0%A4%A',
  "'%20OR%201=1%20--",
  'a'.repeat(190),
  'a'.repeat(5_000),
  '%F0%9F%92%B0',
];

function quote(text: string): string {
  return JSON.stringify(text);
}
