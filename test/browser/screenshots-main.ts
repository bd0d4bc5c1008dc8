import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { type Look, mapIsDrawn, openBrowser, type Visit, visit } from './chromium.js';
import { ROOT, startView, type ViewServer } from './view-server.js';

/*
 * Pictures of the page for the README, made anew by `npm run screenshots`: a machine, a run in the middle, and two
 * strategies beside each other, in light and dark, on a desktop and on a phone.
 */

const FOLDER = join(ROOT, 'examples/screenshots');
const SCENARIO = 'examples/scenarios/two-node-server.yaml';
const WAIT_MS = 90_000;

async function main(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const [server, browser] = await Promise.all([startView([SCENARIO, '--allow-actions']), openBrowser()]);
  try {
    const one = await runToItsEnd(server, [['merged', 'dimm2']]);
    const two = await runToItsEnd(server, [
      ['merged', 'dimm0'],
      ['isolate-first', 'dimm0'],
    ]);
    for (const colorScheme of ['light', 'dark'] as const) {
      await shoot(browser, server.url, `machine-${colorScheme}`, { colorScheme }, () => Promise.resolve());
      await shoot(browser, `${server.url}#runs=${one}`, `run-${colorScheme}`, { colorScheme }, goTo(1100));
      await shoot(
        browser,
        `${server.url}#runs=${two}`,
        `side-by-side-${colorScheme}`,
        { colorScheme },
        async (shown) => {
          await shown.page.getByRole('radio', { name: 'State' }).check();
          await goTo(1000)(shown);
        },
      );
    }
    await shoot(
      browser,
      `${server.url}#runs=${one}`,
      'phone',
      { colorScheme: 'dark', width: 360, height: 780 },
      goTo(1100),
    );
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** Their ids, as the address of the page has them. */
async function runToItsEnd(server: ViewServer, wishes: ReadonlyArray<readonly [string, string]>): Promise<string> {
  const ids: string[] = [];
  for (const [strategy, dimm] of wishes) {
    const body = JSON.stringify({ frontEnd: 'offline', dimm, strategy });
    const { id } = await server.ask<{ id: string }>('api/runs', { method: 'POST', body });
    ids.push(id);
    const end = performance.now() + WAIT_MS;
    for (let state = 'opening'; ['opening', 'held', 'running'].includes(state); ) {
      if (performance.now() > end) throw new Error(`run ${id} does not come to its end`);
      await new Promise((done) => setTimeout(done, 200));
      ({ state } = await server.ask<{ state: string }>(`api/runs/${id}`));
    }
  }
  return ids.join(',');
}

/** A part of the run, of 2000. */
const goTo =
  (part: number) =>
  async ({ page }: Visit): Promise<void> => {
    await page.getByRole('slider', { name: 'Moment of the run' }).fill(`${part}`);
    await page.getByLabel('Theme').focus();
  };

async function shoot(
  browser: Browser,
  url: string,
  name: string,
  look: Look,
  arrange: (shown: Visit) => Promise<void>,
): Promise<void> {
  const shown = await visit(browser, url, look);
  await mapIsDrawn(shown);
  await arrange(shown);
  await shown.page.evaluate('document.activeElement?.blur()');
  await shown.page.waitForTimeout(1_500);
  const path = join(FOLDER, `${name}.png`);
  await shown.page.screenshot({ path });
  await shown.context.close();
  console.log(path.slice(ROOT.length));
}

await main();
