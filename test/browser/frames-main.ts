import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { mapIsDrawn, openBrowser, visit } from './chromium.js';
import { startView } from './view-server.js';

/*
 * How smooth the map of a machine is: `node dist/test/browser/frames-main.js MACHINE` opens it, comes nearer, drags, and
 * goes away again, while the browser traces itself. Prints milliseconds: until the map stands, the longest tasks of the
 * page and of the worker that paints, and the longest time from one frame to the next.
 */

/** Large machines are filled before they are shown. */
const OPEN_MS = 300_000;
const STEPS = 90;
const STEP_MS = 16;

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** In microseconds. */
  readonly ts: number;
  readonly dur?: number;
  /** Of the processor: what a machine that is busy otherwise does not lengthen. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

async function main(machine: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vacate-frames-'));
  const begin = performance.now();
  const [server, browser] = await Promise.all([startView([machine]), openBrowser()]);
  try {
    const shown = await visit(browser, server.url);
    await shown.page.locator('#page-card').waitFor();
    await mapIsDrawn(shown, OPEN_MS);
    const firstMapMs = Math.round(performance.now() - begin);
    const path = join(folder, 'trace.json');
    const categories = ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'];
    await browser.startTracing(shown.page, { path, categories });
    await move(shown.page);
    await browser.stopTracing();
    const { traceEvents } = JSON.parse(readFileSync(path, 'utf8')) as { traceEvents: TraceEvent[] };
    console.log(JSON.stringify({ machine, firstMapMs, ...summary(traceEvents) }));
  } finally {
    await browser.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

async function move(page: Page): Promise<void> {
  const box = (await page.locator('canvas').first().boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await repeat(() => page.mouse.wheel(0, -40));
  await page.mouse.down();
  await repeat((step) => page.mouse.move(x + 180 * Math.sin(step / 9), y + step));
  await page.mouse.up();
  await repeat(() => page.mouse.wheel(0, 40));

  async function repeat(act: (step: number) => Promise<void>): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      await act(step);
      await page.waitForTimeout(STEP_MS);
    }
  }
}

function summary(events: readonly TraceEvent[]): object {
  const threadOf = ({ pid, tid }: TraceEvent) => `${pid}:${tid}`;
  const names = new Map<string, string>();
  for (const event of events) if (event.name === 'thread_name') names.set(threadOf(event), event.args?.name ?? '');
  const of = (thread: string, name: string) =>
    events.filter((event) => event.name === name && event.ph === 'X' && names.get(threadOf(event))?.startsWith(thread));
  const longest = (found: readonly TraceEvent[]) => round(Math.max(0, ...found.map(({ dur = 0 }) => dur / 1000)));
  const frames = of('DedicatedWorker', 'FireAnimationFrame');
  const times = frames.map(({ ts }) => ts / 1000).sort((a, b) => a - b);
  const gaps = times.slice(1).map((time, index) => time - times[index]!);
  const sorted = [...gaps].sort((a, b) => a - b);
  return {
    frames: frames.length,
    longestFrameMs: longest(frames),
    longestFrameCpuMs: round(Math.max(0, ...frames.map(({ tdur = 0 }) => tdur / 1000))),
    longestTaskOfPageMs: longest(of('CrRendererMain', 'RunTask')),
    longestGapMs: round(sorted.at(-1) ?? 0),
    middleGapMs: round(sorted[sorted.length >> 1] ?? 0),
  };
}

const round = (ms: number) => Math.round(ms * 10) / 10;

await main(process.argv[2] ?? 'examples/scenarios/two-node-server.yaml');
