import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';
import { noEvidence } from '../../../src/cli/explain/explain-evidence.js';
import { attemptsText } from '../../../src/cli/explain/explain-text.js';
import { createPalette } from '../../../src/cli/palette.js';
import { explainLog } from '../../../src/explain/index.js';
import { looksLikePgd, mappingKind, parseKernelLog, readKernelEvents, slabUse } from '../../../src/kernel-log/index.js';
import { type Reader } from '../reader.js';

/* What kernels print, and what a log is said to be that none printed. */

const LOGS = fileURLToPath(new URL('../../fixtures/kernel-logs/', import.meta.url));
const WORDS_MAX = 8;

const log: Reader = {
  name: 'kernel-log',
  about: 'dmesg, journalctl or /dev/kmsg, as `vacate explain` reads them',
  seeds: () =>
    readdirSync(LOGS)
      .filter((name) => name.endsWith('.txt'))
      .map((name) => readFileSync(`${LOGS}${name}`).subarray(0, 6000)),
  words: [
    ...['page:', 'flags:', 'raw:', 'head:', 'refcount:1', 'mapcount:0', 'mapping:', 'pfn:0x10057f', 'migrating pfn '],
    ...[' failed ret:1', 'failed to isolate pfn ', 'page dumped because: ', 'unmovable page', 'aops:', 'ino:1'],
    ...[
      'dentry name:"',
      'Offlined Pages 32768',
      'memory offlining [mem 0x0-0xfff] failed due to ',
      'callbacks suppressed',
    ],
    ...[
      'page last allocated via order 0, ',
      'page_owner',
      'page_type: ',
      '[   17.540363] ',
      '6,1234,17540363,-;',
      '[ T12]',
    ],
    'ffffffffffffffff',
  ],
  cost: 2,
  read: (input) => {
    const records = parseKernelLog(input.toString('utf8'));
    for (const { text } of records) expect(text).not.toContain('\n');
    for (const event of readKernelEvents(records)) {
      if (event.kind !== 'page') continue;
      expect(Number.isSafeInteger(event.pfn)).toBe(true);
      const words = event.page?.words ?? [];
      expect(words.length).toBeLessThanOrEqual(WORDS_MAX);
      for (const of of [mappingKind, looksLikePgd, slabUse]) of(words);
    }
    const { knowledge, zonesOf } = noEvidence('a log');
    const attempts = explainLog(records, knowledge);
    return attemptsText({ attempts, zonesOf, palette: createPalette(false) }).join('\n') + JSON.stringify(attempts);
  },
};

export const logReaders: readonly Reader[] = [log];
