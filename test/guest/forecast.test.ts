import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { vacate as vacateHere } from '../dist/run-cli.js';
import { type Attempt, attemptOffline, onlineBlocks, takeCapture } from './capture-set.js';
import { bootGuest } from './guest.js';
import { startWorkload } from './workloads.js';

/*
 * What was forecast, against what the kernel then does: once live, for all blocks at once, and once from a capture
 * taken just before each attempt.
 */

jest.setTimeout(900_000);

const VACATE_MS_MAX = 400_000;

/** Of its own zones the kernel's first block has more than one; both sides know without trying. */
const FIRST_BLOCK = 'memory0';

/**
 * References that nothing shows make one block in twenty go otherwise than it looks (11 of 208 in the recorded
 * attempts), mostly such with pins, of which there are none here.
 */
const WRONG_MAX = 1;
const UNDECIDED_MAX = 2;
/** Where a journal's buffers lie beside kernel memory a boot may have three in doubt, as one has had. */
const UNDECIDED_IN_KERNEL_ZONE_MAX = 4;

type Verdict = 'will-go' | 'will-not-go' | 'cannot-know';

interface Compared {
  readonly attempt: Attempt;
  readonly verdict: Verdict;
}

function isWrong({ attempt, verdict }: Compared): boolean {
  return verdict !== 'cannot-know' && (verdict === 'will-go') !== (attempt.result === 'offline');
}

function expectAgreement(compared: readonly Compared[], undecidedMax: number): void {
  expect(compared.length).toBeGreaterThanOrEqual(13);
  const wrong = compared.filter(isWrong);
  if (wrong.length > WRONG_MAX) expect(wrong).toEqual([]); // so that the report shows them
  const undecided = compared.filter(({ verdict }) => verdict === 'cannot-know');
  if (undecided.length > undecidedMax) expect(undecided).toEqual([]);
  const results = new Set(compared.map(({ attempt }) => attempt.result));
  expect(results.size).toBeGreaterThan(1); // or always saying the same would do
}

function verdictsOf(json: string): Map<string, Verdict> {
  const { blocks } = JSON.parse(json) as { blocks: { block: number; verdict: Verdict }[] };
  return new Map(blocks.map(({ block, verdict }) => [`memory${block}`, verdict]));
}

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vacate-forecast-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('live, Linux 6.1, DIMMs in zone Movable', async () => {
  const guest = await bootGuest({ kernel: '6.1', policy: 'online_movable' });
  try {
    await startWorkload(guest, 'everyday', 1);
    const verdicts = verdictsOf(await guest.must('vacate forecast live --json', { timeoutMs: VACATE_MS_MAX }));
    const compared: Compared[] = [];
    for (const block of await onlineBlocks(guest)) {
      if (block === FIRST_BLOCK) continue;
      const attempt = await attemptOffline(guest, block, folder);
      compared.push({ attempt, verdict: verdicts.get(block) as Verdict });
    }
    expectAgreement(compared, UNDECIDED_MAX);
    expect(verdicts.get(FIRST_BLOCK)).toBe('will-not-go');
  } finally {
    await guest.close();
  }
});

it('from captures, Linux 6.12, DIMMs in a zone of the kernel', async () => {
  const guest = await bootGuest({ kernel: '6.12', policy: 'online_kernel' });
  try {
    await startWorkload(guest, 'everyday', 2);
    const compared: Compared[] = [];
    for (const block of await onlineBlocks(guest)) {
      if (block === FIRST_BLOCK) continue;
      const capture = join(folder, `before-${block}`);
      await takeCapture(guest, capture);
      const forecast = vacateHere(['forecast', capture, '--blocks', block.slice('memory'.length), '--json']);
      const attempt = await attemptOffline(guest, block, folder); // beside the capture: or the answer would be in it
      compared.push({ attempt, verdict: verdictsOf((await forecast).stdout).get(block) as Verdict });
    }
    expectAgreement(compared, UNDECIDED_IN_KERNEL_ZONE_MAX);
  } finally {
    await guest.close();
  }
});
