import { type BlockEvidence, explainAttempt, explainLog } from '../../../src/explain/index.js';
import { parseKernelLog } from '../../../src/kernel-log/index.js';
import { dumpText, fixtureLog } from '../kernel-log/logs.js';

const explain = (log: string) => explainLog(parseKernelLog(log));
/** A log as of a second: the kernel's times before every line. */
const at = (seconds: number, log: string) => log.replace(/^(?=.)/gm, `[${seconds.toFixed(6).padStart(12)}] `);

describe('attempts of a log', () => {
  it('are told apart by block', () => {
    const attempts = explain(`${fixtureLog('6.1-slab')}${fixtureLog('6.1-page-table')}${fixtureLog('6.1-journal')}`);
    expect(attempts.map(({ blocks, outcome, because }) => [blocks[0], outcome, because])).toEqual([
      [36, 'refused', 'unmovable-page'],
      [37, 'refused', 'unmovable-page'],
      [35, 'did-not-end', 'same-pages-fail'],
    ]);
  });

  it('count what was left out before a page is named to the attempt before', () => {
    const whole = (name: string) => fixtureLog(name).replace(/\n[^\n]*$/, '\n');
    const both = explain(whole('6.1-pinned') + whole('6.1-pinned-next'));
    expect(both.map(({ blocks }) => blocks[0])).toEqual([32, 33]);
    const alone = [explain(fixtureLog('6.1-pinned')), explain(fixtureLog('6.1-pinned-next'))].map(([first]) => first!);
    expect(both[0]!.suppressed).toBe(alone[0]!.suppressed + 45_596);
    expect(both[1]!.suppressed).toBe(alone[1]!.suppressed);
  });

  it('of one block end with a refusal at sight, an end that the kernel names, and a long silence', () => {
    const refusal = dumpText({ because: 'unmovable page' });
    expect(explain(at(1, refusal) + at(2, refusal))).toHaveLength(2);
    const failure = dumpText({ ret: 1, refcount: 3 });
    expect(explain(at(1, failure) + at(5, failure))).toHaveLength(1);
    expect(explain(at(1, failure) + at(90, failure))).toHaveLength(2);
    expect(explain(`${at(1, failure)}[    2.000000] Offlined Pages 32768\n${at(3, failure)}`)).toHaveLength(2);
  });

  it('of bigger blocks are those of their size', () => {
    const log = dumpText({ pfn: '180000', because: 'unmovable page' });
    const [attempt] = explainLog(parseKernelLog(log), { blockPages: 2 ** 19 });
    expect(attempt).toMatchObject({ blocks: [3], range: { start: 0x180000, end: 0x200000 } });
  });

  it('that went are told only if pages failed on the way', () => {
    expect(explain('Offlined Pages 32768\n')).toEqual([]);
    const [attempt] = explain(`${dumpText({ ret: 2 })}Offlined Pages 32768\n`);
    expect(attempt).toMatchObject({ outcome: 'offline', because: 'went', suppressed: 0 });
    expect(attempt!.explanation).toMatch(/^It went offline\./);
  });

  it('are none in a log about other things', () => {
    expect(explain('[    1.0] usb 1-1: new device\n[    2.0] net_ratelimit: 40 callbacks suppressed\n')).toEqual([]);
  });
});

describe('why an attempt did not end', () => {
  const failing = (seconds: number, ret: number) => at(seconds, dumpText({ ret, refcount: 3 }));

  it('is that as many pages fail in every pass', () => {
    const [attempt] = explain(fixtureLog('6.1-pinned'));
    expect(attempt).toMatchObject({
      because: 'same-pages-fail',
      failing: { first: 216, last: 216 },
      waitingHelps: null,
    });
    expect(attempt!.suppressed).toBeGreaterThan(100_000);
    expect(attempt!.explanation).toBe(
      'It did not end: for 15 s the same pages failed in every pass. 216 failed in the last one; the log names 10 ' +
        '(the kernel names at most ten in five seconds).',
    );
  });

  it('is that it needed more time if fewer fail every time', () => {
    const [attempt] = explain(failing(1, 900) + failing(6, 500) + failing(11, 120));
    expect(attempt).toMatchObject({ because: 'still-moving', failing: { first: 900, last: 120 } });
    // It may begin well and then stay where it is.
    expect(explain(failing(1, 900) + failing(6, 120) + failing(11, 120))[0]!.because).toBe('same-pages-fail');
  });

  it('is that there was no room', () => {
    expect(explain(failing(1, -12) + failing(6, -12))[0]).toMatchObject({
      outcome: 'did-not-end',
      because: 'no-targets',
      groups: [{ verdict: 'no-target' }],
    });
  });

  it('is not known from a single pass, unless it was interrupted', () => {
    const [attempt] = explain(failing(1, 32));
    expect(attempt).toMatchObject({ outcome: 'unknown', because: 'unknown', groups: [{ verdict: 'short-term-pin' }] });
    expect(attempt!.explanation).toMatch(/^Pages failed in one pass.* 32 failed in the last one; the log names 1/);
    const records = parseKernelLog(failing(1, 32));
    expect(explainAttempt(records, { block: 32, errno: 'EINTR' })).toMatchObject({
      outcome: 'did-not-end',
      because: 'same-pages-fail',
    });
  });

  it('is said by the kernel where it may speak', () => {
    const ended = (because: string) =>
      explain(`memory offlining [mem 0x100000000-0x107ffffff] failed due to ${because}\n`)[0]!;
    expect(ended('memory holes')).toMatchObject({ blocks: [32], outcome: 'refused', because: 'memory-holes' });
    expect(ended('multizone range')).toMatchObject({ outcome: 'refused', because: 'several-zones' });
    expect(ended('notifier failure')).toMatchObject({ outcome: 'refused', because: 'vetoed' });
    expect(ended('signal backoff')).toMatchObject({ outcome: 'did-not-end', because: 'interrupted' });
  });
});

describe('an attempt of which more is known than its log', () => {
  const evidence: BlockEvidence = { zones: ['Normal'], isOnline: true, nrMissing: 0, unmovable: [] };
  const asked = (errno: string, known: Partial<BlockEvidence> = {}) =>
    explainAttempt([], { block: 5, errno }, { evidenceOf: () => ({ ...evidence, ...known }) });

  it('has holes, or no one zone, if it was refused with EINVAL', () => {
    expect(asked('EINVAL', { nrMissing: 38 })).toMatchObject({ because: 'memory-holes', waitingHelps: false });
    expect(asked('EINVAL', { nrMissing: 38 }).explanation).toContain('38 of its pages are no System RAM');
    expect(asked('EINVAL', { zones: [] })).toMatchObject({ because: 'several-zones', outcome: 'refused' });
    expect(asked('EINVAL')).toMatchObject({ because: 'unknown' });
    expect(asked('EINVAL', { isOnline: false })).toMatchObject({ because: 'not-online' });
  });

  it('has pages that never move, if it was refused with EBUSY and a capture shows them', () => {
    const unmovable = [{ reason: 'reserved', because: 'reserved at boot', pages: 2, pfns: [7, 8] }];
    expect(asked('EBUSY', { unmovable })).toMatchObject({
      because: 'unmovable-page',
      pages: [],
      groups: [{ verdict: 'reserved', pages: 2, pfns: [7, 8], refcount: null }],
    });
    expect(asked('EBUSY')).toMatchObject({ because: 'unknown', groups: [] });
    expect(asked('EBUSY').explanation).toContain('EBUSY');
  });

  it('has a pin of a device that cannot be one for long, if its block is in zone Movable', () => {
    const records = parseKernelLog(dumpText({ ret: 1, refcount: 2 + 1024 }));
    const holderIn = (...zones: string[]) =>
      explainAttempt(records, {}, { evidenceOf: () => ({ ...evidence, zones }) }).pages[0]!;
    expect(holderIn('Movable')).toMatchObject({ verdict: 'dma-pin', waitingHelps: null });
    expect(holderIn('Movable').likelyHolder).toContain('before they are pinned for long: so it is I/O in flight');
    expect(holderIn('Normal').likelyHolder).not.toContain('Movable');
  });

  it('was interrupted where nothing was named', () => {
    expect(asked('EINTR')).toMatchObject({ outcome: 'did-not-end', because: 'interrupted' });
  });

  it('has only pages of its block', () => {
    const records = parseKernelLog(dumpText({ pfn: '100123', ret: 1 }) + dumpText({ pfn: '108123', ret: 1 }));
    const attempt = explainAttempt(records, { block: 33, errno: 'EINTR' });
    expect(attempt.pages.map(({ pfn }) => pfn)).toEqual([0x108123]);
    expect(attempt).toMatchObject({ blocks: [33], errno: 'EINTR', outcome: 'did-not-end' });
  });

  it('went if the write says so, whatever failed before', () => {
    const records = parseKernelLog(dumpText({ ret: 1 }));
    expect(explainAttempt(records, { block: 32, isOffline: true })).toMatchObject({
      outcome: 'offline',
      because: 'went',
    });
  });
});
