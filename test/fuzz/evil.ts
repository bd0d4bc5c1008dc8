/*
 * Words that have no business where they are put: what terminals obey, what parsers trip over, numbers beyond reason.
 */

export const EVIL_NUMBERS: readonly string[] = [
  ...['-1', '-9', '0', '1', '2', '511', '512', '513', '1e309', '-1e309', '1e3', '.5', '1.5', 'NaN', 'Infinity', '+3'],
  ...['0x', '0x1f', '0b11', '010', '1_000', '1,000', '2147483648', '4294967296', '268435455', '268435456', '268435457'],
  ...['9007199254740993', '18446744073709551615', '18446744073709551616', '9'.repeat(400), '0.'.padEnd(60, '9')],
  ...['١٢٣', '１２', '²', '٠', '🯱', '5٪', '5 ', ' 5', '5\t', '5\u00a0', '5\r'],
];

export const EVIL_WORDS: readonly string[] = [
  ...[
    '\u001b[2J\u001b]0;owned\u0007',
    '\0',
    '\0\0\0',
    '\u202edcba',
    '\u2028',
    '\u2029',
    '\u0085',
    '\u009b31m',
    '\u007f',
  ],
  ...['\ud800', '\ufeff', '\ufffe', '\ufffd', '\u200b', 'é', 'e\u0301', 'ﬃ', 'İ', '𝔘', '👩‍👩‍👧'],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'length', 'null', 'undefined'],
  ...['%s%n', '$x', '`', '$(id)', '../../../etc/passwd', '/', '.', '..', '-', '--', '--help', '=', '*', '?', '\\'],
  ...['"', "'", '"""', '<', '>', '&', '&a', '*a', '<<', '!!', '!!binary', '#', '%', '@', '|', '>-', '{', '}', '[', ']'],
  ...['{}', '[]', '{"__proto__":{"polluted":1}}', ':', ': ', ',', ';', '\n', '\r\n', '\n\n', '\t', '\v', '\f', ' '],
  ...['memory-1', 'memory0', 'memory7', 'memory99999999999999999999', 'memory07', 'online', 'offline', 'none', 'x'],
];

export const EVIL: readonly string[] = [...EVIL_NUMBERS, ...EVIL_WORDS];
