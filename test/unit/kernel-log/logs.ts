import { readFileSync } from 'node:fs';
import { type KernelEvent, type PageEvent, parseKernelLog, readKernelEvents } from '../../../src/kernel-log/index.js';

/** A log of a real kernel, test/fixtures/kernel-logs/README.md. */
export function fixtureLog(name: string): string {
  return readFileSync(new URL(`../../fixtures/kernel-logs/${name}.txt`, import.meta.url), 'utf8');
}

export function eventsOf(log: string): KernelEvent[] {
  return readKernelEvents(parseKernelLog(log));
}

export function pagesOf(log: string): PageEvent[] {
  return eventsOf(log).filter((event) => event.kind === 'page');
}

export interface Dump {
  readonly pfn?: string;
  readonly refcount?: number;
  readonly mapcount?: number;
  readonly mapping?: string;
  readonly head?: string;
  readonly aops?: string;
  readonly flags?: string;
  readonly pageType?: string;
  /** mapping word: its low bits say whose it is. */
  readonly mappingWord?: string;
  readonly because?: string;
  readonly ret?: number;
  readonly more?: readonly string[];
}

/** A dump as kernels since 6.10 print one, without times; a mapped anonymous page unless told otherwise. */
export function dumpText(dump: Dump = {}): string {
  const { pfn = '100123', refcount = 2, mapcount = 1, mapping = '0000000000000000', ret } = dump;
  const { mappingWord = 'ffff8ec46ffcbd01', flags = 'anon flags: 0x1(uptodate|swapbacked|node=0|zone=3)' } = dump;
  const lines = [
    ...(ret === undefined ? [] : [`migrating pfn ${pfn} failed ret:${ret}`]),
    `page: refcount:${refcount} mapcount:${mapcount} mapping:${mapping} index:0x1 pfn:0x${pfn}`,
    ...(dump.head === undefined ? [] : [`head: ${dump.head}`]),
    ...(dump.aops === undefined ? [] : [`aops:${dump.aops}`]),
    flags,
    ...(dump.pageType === undefined ? [] : [`page_type: ${dump.pageType}`]),
    `raw: 001fffffc00a000e fffff8e144017fc8 ffffd5e0c08afa60 ${mappingWord}`,
    'raw: 00000007f47b3c74 0000000000000000 0000000300000000 ffff8ec441118000',
    `page dumped because: ${dump.because ?? 'migration failure'}`,
    ...(dump.more ?? []),
  ];
  return `${lines.join('\n')}\n`;
}
