import { jest } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { coloursOfMap, FOREIGN_HOST, mapIsDrawn, openBrowser, pageOnCard, type Visit, visit } from './chromium.js';
import { startView, type ViewServer } from './view-server.js';

const SCENARIO = 'examples/scenarios/two-dimms.yaml';
/** It may be loaded by others while it is tested. */
const TIMEOUT_MS = 60_000;
jest.setTimeout(TIMEOUT_MS);

let server: ViewServer;
let browser: Browser;
let shown: Visit;

beforeAll(async () => {
  [server, browser] = await Promise.all([startView([SCENARIO]), openBrowser()]);
  shown = await visit(browser, server.url);
  await mapIsDrawn(shown);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/** The middle of the map, in pixels of the window. */
async function middle(): Promise<{ x: number; y: number }> {
  const box = (await shown.map.boundingBox())!;
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

describe('a machine in a browser', () => {
  it('is loaded from its server alone, and breaks no rule of its policy', () => {
    const hosts = new Set(shown.requests.filter((url) => !url.startsWith('data:')).map((url) => new URL(url).host));
    expect([...hosts]).toEqual([`127.0.0.1:${server.port}`]);
    expect(shown.complaints).toEqual([]);
  });

  it('keeps the token out of the address', () => {
    expect(shown.page.url()).toBe(`${server.origin}/`);
  });

  it('says what the colours mean, in sizes that add up to the machine', async () => {
    const legend = await shown.page.getByRole('list', { name: 'Legend' }).textContent();
    expect(legend).toMatch(/free [\d.]+ MiB/);
    expect(legend).toMatch(/anonymous [\d.]+ MiB/);
    expect(new Set(await coloursOfMap(shown.page)).size).toBeGreaterThan(4);
  });

  it('comes nearer by the wheel, and what is under the pointer stays there', async () => {
    const { page } = shown;
    await page.keyboard.press('g');
    await page.keyboard.type('pfn 0xd234');
    await page.keyboard.press('Enter');
    await expectPage(0xd234);
    await page.getByRole('button', { name: 'Fit' }).click();
    const { x, y } = await middle();
    await page.mouse.move(x, y + 1);
    await page.mouse.move(x, y);
    for (let turn = 0; turn < 30; turn++) await page.mouse.wheel(0, -200);
    await page.mouse.move(x + 1, y);
    await painted();
    const near = await pageOnCard(page);
    await page.mouse.move(x + 2, y);
    await painted();
    // Pages are many pixels wide by now.
    expect(await pageOnCard(page)).toBe(near);
    await page.getByRole('button', { name: 'Fit' }).click();
  });

  it('tells of the page under the pointer: flags, owner, and whether it would go', async () => {
    const { page } = shown;
    await page.keyboard.press('g');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('block 12');
    await page.keyboard.press('Enter');
    await expectPage(12 * 4096);
    const card = page.locator('#page-card');
    await card.getByText('Flags').waitFor();
    const text = (await card.textContent()) ?? '';
    expect(text).toMatch(/Address\s*0xc000000/);
    expect(text).toMatch(/Block\s*12, online/);
    const answer = await server.ask<{ flags: string[] }>(`api/pages/${12 * 4096}`);
    for (const flag of answer.flags) expect(text).toContain(flag);
    await card.getByText('yes, as thp').waitFor();
  });

  it('is moved by keys, page by page', async () => {
    const { page, map } = shown;
    await map.focus();
    const before = await pageOnCard(page);
    await page.keyboard.press('ArrowRight');
    await expectPage(before + 1);
    await page.keyboard.press('ArrowDown');
    await expectPage(before + 3);
  });

  it('says in a sentence that there is no such place', async () => {
    const { page } = shown;
    await page.getByLabel('Go to a page').fill('block 4000');
    await page.keyboard.press('Enter');
    await page.getByText('There is no memory at this place.').waitFor();
    await page.getByLabel('Go to a page').fill('<b>');
    await page.keyboard.press('Enter');
    await page.getByText('Write a page frame number').waitFor();
  });

  it.each([
    ['State', 'in use'],
    ['Migratetype', 'movable'],
    ['Free order', 'order 10'],
    ['Page type', 'anonymous'],
  ])('is coloured by %s', async (colouring, label) => {
    await shown.page.getByRole('radio', { name: colouring }).check();
    await shown.page.getByRole('list', { name: 'Legend' }).getByText(label, { exact: false }).first().waitFor();
  });

  it('has a table that says the same', async () => {
    const { page } = shown;
    await page.getByText('The map as a table').click();
    const table = page.getByRole('region', { name: 'Pages by kind' });
    const row = table.getByRole('row').filter({ hasText: 'block 12' });
    await row.first().waitFor();
    const numbers = (await row.last().getByRole('cell').allInnerTexts()).map((text) =>
      Number(text.replaceAll(',', '')),
    );
    expect(numbers.reduce((sum, pages) => sum + pages, 0)).toBe(4096);
  });

  it('says how runs are allowed, for it may only look', async () => {
    await shown.page.getByText('--allow-actions').waitFor();
    expect(await shown.page.getByRole('button', { name: 'Start' }).count()).toBe(0);
  });

  it('has a name for each of its controls', async () => {
    const session = await shown.context.newCDPSession(shown.page);
    const { nodes } = await session.send('Accessibility.getFullAXTree');
    const controls = nodes.filter(({ role, ignored }) => !ignored && CONTROLS.includes(String(role?.value)));
    expect(controls.length).toBeGreaterThan(10);
    expect(controls.filter(({ name }) => String(name?.value ?? '').trim() === '')).toEqual([]);
  });
});

const CONTROLS = ['button', 'textbox', 'combobox', 'slider', 'radio', 'checkbox', 'spinbutton', 'application', 'link'];

/** What was done has been seen: keys and pointer are dealt with before the frame after the next. */
async function painted(): Promise<void> {
  await shown.page.evaluate('new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))');
}

async function expectPage(pfn: number): Promise<void> {
  await shown.page
    .locator('#page-card')
    .getByText(`${pfn} (0x${pfn.toString(16)})`)
    .waitFor();
}

describe('a phone', () => {
  it.each(['light', 'dark'] as const)('shows all of it in 360 pixels, %s', async (colorScheme) => {
    const small = await visit(browser, server.url, { width: 360, height: 740, colorScheme });
    await mapIsDrawn(small);
    expect(await small.page.evaluate('document.scrollingElement.scrollWidth')).toBeLessThanOrEqual(360);
    for (const control of await small.page.locator('button, select, input, canvas').all()) {
      const box = await control.boundingBox();
      if (box === null) continue;
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(360.5);
    }
    await small.page.getByText('The map as a table').click();
    const number = small.page.getByRole('region', { name: 'Pages by kind' }).getByRole('cell').first();
    const cell = (await number.boundingBox())!;
    expect(cell.x + cell.width).toBeLessThanOrEqual(360);
    expect(await small.page.evaluate('document.documentElement.dataset.theme')).toBe(colorScheme);
    await small.context.close();
  });
});

describe('whoever may not look', () => {
  it('is turned away with a wrong token', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const answer = await page.goto(`${server.origin}/?token=${'x'.repeat(server.token.length)}`);
    expect(answer?.status()).toBe(401);
    await context.close();
  });

  it('is turned away under a foreign name, with the right token', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const answer = await page.goto(`http://${FOREIGN_HOST}:${server.port}/?token=${server.token}`);
    expect(answer?.status()).toBe(403);
    await context.close();
  });
});
