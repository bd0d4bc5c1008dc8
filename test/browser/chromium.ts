import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';

/** Debian's; test/provision.mjs sees to it. */
const EXECUTABLE = '/usr/bin/chromium';

/** Nothing that a browser does of its own accord, and a name that a foreign page could have, for this machine. */
export const FOREIGN_HOST = 'foreign.example';
const ARGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  `--host-resolver-rules=MAP ${FOREIGN_HOST} 127.0.0.1`,
];

/** Each has a profile of its own, which is gone afterwards. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGS });
}

/** A page, and whatever it asked for or complained of. */
export interface Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly map: Locator;
  readonly requests: string[];
  readonly complaints: string[];
}

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
}

export async function visit(browser: Browser, url: string, look: Look = {}): Promise<Visit> {
  const { width = 1280, height = 800, colorScheme = 'light' } = look;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('websocket', (socket) => requests.push(socket.url()));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  return { context, page, map: page.locator('.map canvas').first(), requests, complaints };
}

/** True once every page has come and is painted: the legend then has amounts. */
export async function mapIsDrawn({ page }: Visit, timeout = 30_000): Promise<void> {
  await page.getByRole('list', { name: 'Legend' }).getByRole('listitem').first().waitFor({ timeout });
}

/** The page that the card is about, by its number. */
export async function pageOnCard(page: Page): Promise<number> {
  const text = (await page.locator('#page-card').textContent()) ?? '';
  return Number(/Page frame\s*(\d+)/.exec(text)?.[1] ?? Number.NaN);
}

/** Colours of the map, as "r,g,b", along a grid of so many points each way. */
export function coloursOfMap(page: Page, points = 40): Promise<string[]> {
  return page.evaluate(`(() => {
    const map = document.querySelector('.map canvas');
    const copy = document.createElement('canvas');
    copy.width = copy.height = ${points};
    const context = copy.getContext('2d');
    context.imageSmoothingEnabled = false;
    context.drawImage(map, 0, 0, ${points}, ${points});
    const { data } = context.getImageData(0, 0, ${points}, ${points});
    return Array.from({ length: ${points * points} }, (_, at) => [...data.slice(4 * at, 4 * at + 3)].join());
  })()`) as Promise<string[]>;
}

/** Looks again and again until what is seen is as it should be, and gives that; whatever is seen last if it never is. */
export async function seen<T>(look: () => Promise<T>, isRight: (value: T) => boolean, timeoutMs = 30_000): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (isRight(value) || performance.now() > end) return value;
    await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
  }
}
const LOOK_AGAIN_MS = 50;
