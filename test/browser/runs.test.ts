import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { coloursOfMap, mapIsDrawn, openBrowser, seen, type Visit, visit } from './chromium.js';
import { startView, type ViewServer } from './view-server.js';

const SCENARIO = 'examples/scenarios/two-dimms.yaml';
/** It may be loaded by others while it is tested. */
const TIMEOUT_MS = 60_000;
jest.setTimeout(TIMEOUT_MS);

interface Run {
  readonly id: string;
  readonly state: string;
}

let server: ViewServer;
let browser: Browser;
let shown: Visit;

beforeAll(async () => {
  [server, browser] = await Promise.all([startView([SCENARIO, '--allow-actions']), openBrowser()]);
  shown = await visit(browser, server.url);
  await mapIsDrawn(shown);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/** Where the run stands, as the time line says. */
const where = (page: Page) => page.locator('output.where');

const startHeld = (strategy: string) =>
  server.ask<Run>('api/runs', {
    method: 'POST',
    body: JSON.stringify({ frontEnd: 'offline', dimm: 'dimm1', strategy, hold: true }),
  });
const letGo = (id: string) => server.ask<Run>(`api/runs/${id}/go`, { method: 'POST', body: '{}' });

/** Page events that have passed, as the time line says to whoever asks it. */
async function eventNumber(page: Page): Promise<number> {
  const title = (await where(page).getAttribute('title')) ?? '';
  return Number((/page event ([\d,]+)/.exec(title)?.[1] ?? '').replaceAll(',', ''));
}

async function movedPages(page: Page): Promise<number> {
  const text = (await where(page).textContent()) ?? '';
  return Number((/([\d,]+) pages? moved/.exec(text)?.[1] ?? '').replaceAll(',', ''));
}

describe('a run from the page', () => {
  it('takes a DIMM offline, and the map shows its blocks empty and gone', async () => {
    const { page } = shown;
    const before = await coloursOfMap(page);
    await page.getByLabel('What').selectOption('offline');
    await page.getByLabel('DIMM').selectOption('dimm1');
    await page.getByRole('button', { name: 'Start' }).click();
    await where(page).getByText('done').waitFor({ timeout: TIMEOUT_MS });
    expect(await movedPages(page)).toBeGreaterThan(1000);
    await page.keyboard.press('g');
    await page.keyboard.type('block 13');
    await page.keyboard.press('Enter');
    await page.locator('#page-card').getByText('13, offline').waitFor();
    await page.getByRole('button', { name: 'Fit' }).click();
    const nrChanged = async () => (await coloursOfMap(page)).filter((colour, at) => colour !== before[at]).length;
    expect(await seen(nrChanged, (nr) => nr > 50)).toBeGreaterThan(50);
    expect(await page.getByRole('button', { name: /block 13 offline/ }).count()).toBeGreaterThan(0);
    expect(shown.complaints).toEqual([]);
  });

  it('is played back to its beginning, and forward step by step', async () => {
    const { page } = shown;
    const all = await movedPages(page);
    await page.getByRole('slider', { name: 'Moment of the run' }).fill('1000');
    const half = await seen(
      () => movedPages(page),
      (moved) => moved > 0 && moved < all,
    );
    expect(half).toBeGreaterThan(0);
    expect(half).toBeLessThan(all);
    const event = await eventNumber(page);
    await page.getByRole('button', { name: 'One page event forward' }).click();
    const next = await seen(
      () => eventNumber(page),
      (number) => number > event,
    );
    expect(next).toBe(event + 1);
    expect(Math.abs((await movedPages(page)) - half)).toBeLessThanOrEqual(1);
    await page.keyboard.press('Home');
    await where(page).getByText('0 pages moved').waitFor();
    await page.locator('#page-card').getByText('13, online').waitFor();
    await page.getByLabel('Speed').selectOption('8');
    await page.getByRole('button', { name: 'Play' }).click();
    await where(page).getByText('done').waitFor({ timeout: TIMEOUT_MS });
    expect(await movedPages(page)).toBe(all);
  });

  it('goes to a range event from the list', async () => {
    const { page } = shown;
    const all = await movedPages(page);
    await page.getByRole('button', { name: /offline begins/ }).click();
    await where(page).getByText('0 pages moved').waitFor();
    await page.getByRole('button', { name: /the run is done/ }).click();
    await where(page)
      .getByText(`${all.toLocaleString('en')} pages moved`)
      .waitFor();
  });

  it('tells what became of a page', async () => {
    const { page } = shown;
    await page.getByLabel('Go to a page').fill('pfn 53500');
    await page.keyboard.press('Enter');
    const story = page.locator('#page-card').getByRole('list').or(page.getByText('Nothing happened to it'));
    await story.first().waitFor();
  });
});

describe('two strategies side by side', () => {
  it('run on the same machine and are played back in step', async () => {
    const { page } = shown;
    await page.getByRole('combobox', { name: 'Strategy', exact: true }).selectOption('merged');
    await page.getByLabel('Beside it').selectOption('isolate-first');
    await page.getByRole('button', { name: 'Start' }).click();
    await expectTwo(page.locator('.map canvas'));
    const captions = page.locator('.map figcaption');
    await captions
      .nth(0)
      .getByText(/merged: done/)
      .waitFor({ timeout: TIMEOUT_MS });
    await captions
      .nth(1)
      .getByText(/isolate-first: done/)
      .waitFor({ timeout: TIMEOUT_MS });
    await page.getByRole('slider', { name: 'Moment of the run' }).fill('1000');
    const moved = (text: string) => /[1-9][\d,]* pages moved/.test(text) && !text.includes('done');
    const texts = await seen(
      () => captions.allInnerTexts(),
      (all) => all.every(moved),
    );
    for (const text of texts) expect(text).toMatch(/[1-9][\d,]* pages moved/);
    await page.getByLabel('In step by').selectOption('time');
    await page.getByRole('slider', { name: 'Moment of the run' }).fill('1200');
    const apart = await seen(
      async () => {
        const times = (await captions.allInnerTexts()).map((text) => Number(/([\d.]+) s$/.exec(text)?.[1]));
        return Math.abs(times[0]! - times[1]!);
      },
      (seconds) => seconds < 0.15,
    );
    expect(apart).toBeLessThan(0.15);
  });
});

/** There are two of it. */
async function expectTwo(found: ReturnType<Page['locator']>): Promise<void> {
  await found.nth(1).waitFor();
  expect(await found.count()).toBe(2);
}

describe('a page that comes and goes', () => {
  it('is reloaded in the middle of a run, and goes on with it', async () => {
    const { id } = await startHeld('merged');
    const guest = await visit(browser, `${server.url}#runs=${id}`);
    await mapIsDrawn(guest);
    await letGo(id);
    await guest.page.reload();
    await where(guest.page).getByText('done').waitFor({ timeout: TIMEOUT_MS });
    expect(await movedPages(guest.page)).toBeGreaterThan(1000);
    expect(guest.complaints).toEqual([]);
    await guest.context.close();
  });

  it('is too slow for a run, which does not wait, and catches up', async () => {
    const { id } = await startHeld('merged');
    const guest = await visit(browser, `${server.url}#runs=${id}`);
    await mapIsDrawn(guest);
    const stuck = guest.page.workers()[0]!.evaluate(`(() => {
        const end = performance.now() + 6000;
        while (performance.now() < end);
      })()`);
    await letGo(id);
    const { state, ms } = await ended(id);
    expect(state).toBe('done');
    expect(ms).toBeLessThan(TIMEOUT_MS / 2);
    await stuck;
    await where(guest.page).getByText('done').waitFor({ timeout: TIMEOUT_MS });
    expect(await movedPages(guest.page)).toBeGreaterThan(1000);
    await guest.context.close();
  });
});

async function ended(id: string): Promise<{ state: string; ms: number }> {
  const begin = performance.now();
  for (;;) {
    const { state } = await server.ask<Run>(`api/runs/${id}`);
    if (!['opening', 'held', 'running'].includes(state)) return { state, ms: performance.now() - begin };
    await new Promise((done) => setTimeout(done, 100));
  }
}

describe('a server that is gone', () => {
  it('is missed in a sentence', async () => {
    const first = await startView([SCENARIO]);
    const guest = await visit(browser, first.url);
    await mapIsDrawn(guest);
    await first.stop();
    await guest.page.getByText('Connection lost; trying again').waitFor();
    await guest.context.close();
  });
});

describe('free blocks of a high order', () => {
  it('are made on the page, and each is an event', async () => {
    const guest = await visit(browser, server.url);
    const { page } = guest;
    await mapIsDrawn(guest);
    await page.getByLabel('What').selectOption('high-order');
    await page.getByLabel('Order', { exact: true }).fill('10');
    await page.getByLabel('How many').fill('3');
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByRole('button', { name: /the run is/ }).waitFor({ timeout: TIMEOUT_MS });
    expect(await page.getByRole('button', { name: /high-order begins/ }).count()).toBe(1);
    await guest.context.close();
  });
});
