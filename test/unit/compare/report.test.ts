import { htmlReport } from '../../../src/compare/report.js';
import { summarise } from '../../../src/compare/summary.js';
import { cellOf, planned, recordOf } from './sketch.js';

const STRATEGIES = Array.from({ length: 20 }, (_, at) => `strategy-${at}`);
const SEEDS = [1, 2, 3];

const cells = [
  ...STRATEGIES.flatMap((strategy, at) =>
    SEEDS.map((seed) =>
      cellOf(
        { strategy, seed },
        {
          ...{ success: 1 - at / 40, made: 40 - at, pagesMigrated: 100 * at + seed, movesPerBlock: 10 + at + seed },
          ...{ boundPerBlock: 10, movesOverBound: 1 + (at + seed) / 10, virtualNs: 1e6 * (at + 1), contentsWrong: 0 },
          ...{ pagesReclaimed: 0, pagesRefused: at },
        },
        {
          refusals: Array.from({ length: Math.min(at, 12) }, (_, reason) => ({
            reason: `handler/reason-${reason}`,
            pages: 50 - reason,
          })),
        },
      ),
    ),
  ),
  ...SEEDS.map((seed) =>
    cellOf(
      { strategy: '<b>odd</b>', seed },
      {},
      { ended: 'does-not-apply', because: 'orders & "zones"', metrics: null },
    ),
  ),
];
const machines = [planned([...STRATEGIES, '<b>odd</b>'])];
const tables = summarise(machines, cells);
const record = recordOf({ ...machines[0], where: 'a & b.yaml', caveats: ['zones <not> known'] });
const report = htmlReport(record, tables);

const figures = report.match(/<figure>[\s\S]*?<\/figure>/g) ?? [];

describe('a report', () => {
  it('needs nothing but itself: no script, no style sheet, image, font or address from elsewhere', () => {
    expect(
      report.match(/\b(?:https?|file|data):[^"'\s<]*/g)?.filter((url) => url !== 'http://www.w3.org/2000/svg'),
    ).toEqual([]);
    expect(report).not.toMatch(
      /<(?:script|link|img|iframe|object|embed|use|image)\b|\bon\w+=|url\(|@import|src=|href=/i,
    );
  });

  it('has a chart of every measure, with a sentence on how to read it', () => {
    const captions = figures.map((figure) => /<figcaption><b>(.+?)\.<\/b> (.+?)<\/figcaption>/.exec(figure)?.slice(1));
    expect(captions.map((caption) => caption?.[0])).toEqual([
      ...['Success rate', 'Pages moved per block made', 'Pages reclaimed', 'Virtual time', 'Refusals by reason'],
    ]);
    for (const caption of captions) expect(caption?.[1]).toMatch(/^[A-Z].{30,}\.$/);
  });

  it('names every strategy in every chart, and draws whiskers and bounds', () => {
    const [success, moves, reclaimed, , refusals] = figures as [string, string, string, string, string];
    for (const figure of [success, moves, refusals])
      for (const strategy of STRATEGIES) expect(figure).toContain(`>${strategy}</text>`);
    expect(success).not.toContain('odd');
    // Three lines to each whisker; those of equal values have none.
    expect(moves.match(/stroke="currentColor" (?!stroke-opacity)/g)?.length).toBeGreaterThanOrEqual(20 * 3);
    expect(moves.match(/fill="var\(--bound\)"/g)).toHaveLength(20);
    expect(reclaimed).toContain('It is 0 for everybody.');
  });

  it('gives bars the length of their values', () => {
    const bars = [
      ...(figures[0] as string).matchAll(
        /<path d="M(\d+(?:\.\d+)?) [\d.]+l([\d.]+) [^"]*" fill="var\(--(?:bar|best)\)"/g,
      ),
    ];
    expect(bars).toHaveLength(20);
    const [first, last] = [Number(bars[0]?.[2]), Number(bars[19]?.[2])];
    expect(last / first).toBeCloseTo((1 - 19 / 40) / 1, 2);
  });

  it('shows eight reasons by colour, the rest as others', () => {
    const colours = new Set((figures[4] as string).match(/var\(--part\d\)/g));
    expect(colours.size).toBe(8);
    expect(figures[4]).toContain('other reasons');
  });

  it('says who does not apply and why, and what that means', () => {
    expect(report).toContain('<b>&#60;b&#62;odd&#60;/b&#62;</b> does not apply: orders &#38; &#34;zones&#34;');
    expect(report).toMatch(/<dt>does not apply<\/dt><dd>.+left out of charts/);
    expect(report).toContain('zones &#60;not&#62; known');
    expect(report).not.toContain('<b>odd');
  });

  it('reads in light and in dark', () => {
    expect(report).toContain('@media (prefers-color-scheme: dark)');
    expect(report.match(/<svg [^>]*role="img" aria-label="Success rate, m, order 9, all"/g)).toHaveLength(1);
    // Every colour in a chart is one of the page's.
    const colours = new Set(figures.join('').match(/(?:fill|stroke)="[^"]*"/g));
    for (const colour of colours) expect(colour).toMatch(/"(?:none|currentColor|var\(--\w+\))"/);
  });

  it('is the same text for the same results', () => {
    expect(htmlReport(record, tables)).toBe(report);
  });

  it('says so if contents are wrong', () => {
    const wrong = summarise([planned(['a'], [1])], [cellOf({ strategy: 'a' }, { contentsWrong: 2 })]);
    expect(htmlReport(recordOf(), wrong)).toContain('This is a bug');
    expect(report).not.toContain('This is a bug');
  });
});
