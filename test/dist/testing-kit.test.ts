import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/* The kit as a stranger has it: the page type of the README, in a folder of its own, with the test runner of Node. */

const root = fileURLToPath(new URL('../..', import.meta.url));

/** All that it takes to test a page type. */
const TEST = `
import { test } from 'node:test';
import { driverPages, pageTypeConformance } from 'vacate/testing';
import ringBuffer from './ring-buffer.js';

for (const { name, run } of pageTypeConformance(ringBuffer, driverPages())) test(name, run);
`;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vacate-kit-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'vacate'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'ring-buffer.test.js'), TEST);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The page type of the README; it has no types to strip. */
function ringBuffer(): string {
  const [, section] = readFileSync(join(root, 'README.md'), 'utf8').split('## Write a page handler');
  return /```ts\n([^`]+)```/.exec(section!)![1]!;
}

/** What the runner says, and how many cases passed and failed. */
function tested(plugin: string): { text: string; passed: number; failed: number } {
  writeFileSync(join(folder, 'ring-buffer.js'), plugin);
  let text: string;
  try {
    // As a child of jest it would report to a parent that does not listen.
    const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, ...env } = process.env;
    const args = ['--test', '--test-reporter=tap', 'ring-buffer.test.js'];
    text = execFileSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' });
  } catch (error) {
    text = (error as { stdout: string }).stdout;
  }
  const number = (what: string) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(text)?.[1]);
  return { text, passed: number('pass'), failed: number('fail') };
}

it('the page type of the README passes the kit under node:test', () => {
  const { passed, failed } = tested(ringBuffer());
  expect(passed).toBeGreaterThan(30);
  expect(failed).toBe(0);
}, 120_000);

it('and fails it, by rule and page, once it forgets to move its slot', () => {
  const { text, failed } = tested(ringBuffer().replace('(pages.moveSlot(source, target) ? 0 : 1)', '0'));
  expect(failed).toBeGreaterThan(0);
  expect(text).toMatch(/page type "ring-buffer" breaks "migrate-moves-all": .*pfn:0x/);
}, 120_000);

it('shows these names, and each change of them is seen here', async () => {
  expect(Object.keys(await import('vacate/testing')).sort()).toEqual([
    'ConformanceFailure',
    'HOST_RULES',
    'HostFailure',
    'PAGE_TYPE_RULES',
    'STRATEGY_RULES',
    'anonymousFixture',
    'anonymousPages',
    'driverPages',
    'driversFixture',
    'driversPages',
    'eachEntry',
    'fileBackedFixture',
    'fileBackedPages',
    'firstDifference',
    'hostConformance',
    'hugetlbFixture',
    'hugetlbPages',
    'isFree',
    'ksmFixture',
    'ksmPages',
    'mlockedFixture',
    'mlockedPages',
    'movableOpsFixture',
    'move',
    'neverMove',
    'nonlinearFixture',
    'nonlinearPages',
    'offlinePages',
    'offlinePagesFixture',
    'openWorld',
    'pageThatIs',
    'pageTypeConformance',
    'pinnedFixture',
    'pinnedPages',
    'poisonedFixture',
    'poisonedPages',
    'recordOf',
    'refusedInTheMidst',
    'runWith',
    'settle',
    'shmemFixture',
    'shmemPages',
    'simulatedWorld',
    'smallMachine',
    'snapshotOf',
    'strategyConformance',
    'swapBackedFixture',
    'swapBackedPages',
    'thpFixture',
    'thpPages',
  ]);
});
