import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { mapIsDrawn, openBrowser, pageOnCard, seen, type Visit, visit } from './chromium.js';
import { ROOT, startView, type ViewServer } from './view-server.js';

/* Two recorded runs of one machine beside each other, in both of which pages refuse. */

/** It may be loaded by others while it is tested. */
const TIMEOUT_MS = 60_000;
jest.setTimeout(TIMEOUT_MS);

const folder = mkdtempSync(join(tmpdir(), 'vacate-browser-'));
let server: ViewServer;
let browser: Browser;
let shown: Visit;

async function recorded(strategy: string): Promise<string> {
  const file = join(folder, `${strategy}.run`);
  const job = [
    'offline',
    'examples/scenarios/refusals.yaml',
    '--blocks',
    '4-6',
    '--strategy',
    strategy,
    '--timeout',
    '60s',
  ];
  const child = spawn(process.execPath, ['dist/cli/main.js', ...job, '--record', file], { cwd: ROOT, stdio: 'ignore' });
  // Some blocks stay online, which is what is to be seen.
  expect(await once(child, 'exit')).toEqual([64, null]);
  return file;
}

beforeAll(async () => {
  const files = [await recorded('capture'), await recorded('block-by-block')];
  [server, browser] = await Promise.all([startView(files), openBrowser()]);
  shown = await visit(browser, server.url);
  await mapIsDrawn(shown);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('two recorded runs', () => {
  it('stand side by side under their strategies, and are played back in step', async () => {
    const { page } = shown;
    const captions = page.locator('.map figcaption');
    const read = () => captions.allInnerTexts();
    const ended = await seen(read, (texts) => texts.length === 2 && texts.every((text) => text.includes('partial')));
    expect(ended.map((text) => text.split(':')[0])).toEqual(['capture', 'block-by-block']);
    for (const strategy of ['capture', 'block-by-block'])
      expect(await page.getByRole('application', { name: `Map of memory, ${strategy}.` }).count()).toBe(1);
    await page.getByRole('slider', { name: 'Moment of the run' }).fill('0');
    const begun = await seen(read, (texts) => texts.every((text) => text.includes(' 0 pages moved')));
    for (const text of begun) expect(text).toContain(' 0 pages moved');
    await page.getByRole('slider', { name: 'Moment of the run' }).fill('2000');
    const again = await seen(read, (texts) => texts.every((text) => text.includes('partial')));
    expect(again).toEqual(ended);
  });

  it('say where pages refused for a reason, and why', async () => {
    const { page } = shown;
    const reason = page.getByRole('button', { name: 'nonlinear/nonlinear-mapping' });
    await reason.click();
    await page
      .locator('#page-card')
      .getByText('refused by nonlinear: its file is mapped through a nonlinear VMA')
      .first()
      .waitFor();
    const first = await pageOnCard(page);
    await reason.click();
    const second = await seen(
      () => pageOnCard(page),
      (pfn) => pfn !== first,
    );
    expect(second).toBeGreaterThan(first);
    // What was pinned has moved since.
    await page.getByRole('button', { name: 'core/pinned' }).click();
    await page.getByText('None stands refused at this moment.').waitFor();
    expect(await pageOnCard(page)).toBe(second);
    expect(shown.complaints).toEqual([]);
  });
});
