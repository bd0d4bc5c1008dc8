import { BarChart, CustomChart, ScatterChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { formatPages } from '../mm/units.js';
import { escapeHtml } from './html.js';

/** A value, and the interval in which it lies by 95 % chance, where that is known. */
export interface Estimated {
  readonly mean: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** A bar of a chart; `isBest` has it in the colour of those that nobody beats. */
export interface Bar {
  readonly label: string;
  readonly estimate: Estimated;
  readonly isBest: boolean;
  /** A mark beside the bar's end: what could not be beaten. */
  readonly bound: number | null;
}

/** Parts of a bar that stand one after the other. */
export interface Stack {
  readonly label: string;
  readonly parts: ReadonlyMap<string, number>;
}

export interface Axis {
  readonly format: (value: number) => string;
  /** No value can be larger; the axis ends here. */
  readonly limit?: number;
  /** Between two ticks; what is round in tens if absent. */
  readonly interval?: number;
}

/** An axis for numbers of pages: ticks are round in bytes. */
export function pagesAxis(most: number): Axis {
  const interval = 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(1, most))) - 2);
  return { format: formatPages, limit: Math.max(1, Math.ceil(most / interval)) * interval, interval };
}

const WIDTH = 640;
const ROW_HEIGHT = 22;
const AXIS_HEIGHT = 34;
/** Of 12-pixel text, for labels that are laid out where no text can be measured. */
const CHARACTER_WIDTH = 6.9;
/** Longer labels are cut in charts; tables have them in full. */
const LABEL_CHARACTERS = 34;

/** Colours that the page defines, for light and for dark. */
const TEXT = 'currentColor';
const partColour = (part: number) => `var(--part${part})`;
/** So many parts have a colour of their own. */
export const NR_PART_COLOURS = 8;

use([BarChart, CustomChart, ScatterChart, GridComponent, SVGRenderer]);

/** Horizontal bars with whiskers that span the 95 % interval, as an SVG element. */
export function barChart(title: string, bars: readonly Bar[], axis: Axis): string {
  const labels = bars.map(({ label }) => label);
  const limit = axis.limit ?? Number.POSITIVE_INFINITY;
  // No value is negative, or above the limit: an interval that reaches there only says how little is known.
  const whiskers = bars.flatMap(({ estimate: { low, high } }, at) =>
    low === null || high === null || high === low ? [] : [[at, Math.max(0, low), Math.min(limit, high)]],
  );
  const bounds = bars.flatMap(({ bound }, at) => (bound === null ? [] : [[bound, at]]));
  const highest = Math.max(...bars.map(({ estimate, bound }) => Math.max(estimate.high ?? estimate.mean, bound ?? 0)));
  const option: EChartsCoreOption = {
    ...frame(labels, axis, axis.limit ?? niceMax(highest)),
    series: [
      {
        type: 'bar',
        barWidth: 12,
        data: bars.map(({ estimate, isBest }) => ({
          value: estimate.mean,
          itemStyle: { color: isBest ? 'var(--best)' : 'var(--bar)' },
        })),
      },
      { type: 'custom', data: whiskers, encode: { x: [1, 2], y: 0 }, renderItem: whisker, z: 3 },
      { type: 'scatter', data: bounds, symbol: 'diamond', symbolSize: 9, itemStyle: { color: 'var(--bound)' }, z: 4 },
    ],
  };
  return render(title, option, heightOf(labels.length));
}

/**
 * Horizontal bars of parts, as an SVG element, and a legend below, in the order of `names` (by default, as parts come);
 * `colourOf` names colours that the page defines.
 */
export function stackedChart(
  title: string,
  stacks: readonly Stack[],
  axis: Axis,
  colourOf: (part: string, at: number) => string = (_, at) => partColour(at % NR_PART_COLOURS),
  order?: readonly string[],
): string {
  const labels = stacks.map(({ label }) => label);
  const there = new Set(stacks.flatMap(({ parts }) => [...parts.keys()]));
  const names = (order ?? [...there]).filter((name) => there.has(name));
  const option: EChartsCoreOption = {
    ...frame(labels, axis, axis.limit ?? null),
    series: names.map((name, part) => ({
      name,
      type: 'bar',
      stack: 'all',
      barWidth: 12,
      itemStyle: { color: colourOf(name, part) },
      data: stacks.map(({ parts }) => parts.get(name) ?? 0),
    })),
  };
  const entries = names.map((name, part) => {
    return `<li><i style="background:${colourOf(name, part)}"></i>${escapeHtml(name)}</li>`;
  });
  return `${render(title, option, heightOf(labels.length))}<ul class="legend">${entries.join('')}</ul>`;
}

function frame(labels: readonly string[], { format, interval }: Axis, max: number | null): EChartsCoreOption {
  const longest = Math.min(LABEL_CHARACTERS, Math.max(1, ...labels.map(({ length }) => length)));
  const grid = {
    left: Math.ceil(longest * CHARACTER_WIDTH) + 16,
    right: 28,
    top: 4,
    bottom: AXIS_HEIGHT - 4,
  };
  return {
    animation: false,
    textStyle: { fontFamily: 'inherit' },
    grid,
    xAxis: {
      type: 'value',
      min: 0,
      ...(max === null ? {} : { max }),
      ...(interval === undefined ? {} : { interval }),
      axisLabel: { color: TEXT, formatter: format, hideOverlap: true },
      splitLine: { lineStyle: { color: TEXT, opacity: 0.15 } },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: labels.map(shortened),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: TEXT, opacity: 0.5 } },
      axisLabel: { color: TEXT, interval: 0 },
    },
  };
}

function shortened(label: string): string {
  return label.length <= LABEL_CHARACTERS ? label : `${label.slice(0, LABEL_CHARACTERS - 1)}…`;
}

/** The next of 1, 2, 2.5, 5, 10 times a power of ten: where an axis may end. */
function niceMax(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((each) => each * power >= value * (1 - 1e-9)) ?? 10;
  return step * power;
}

function heightOf(nrRows: number): number {
  return nrRows * ROW_HEIGHT + AXIS_HEIGHT;
}

/** What echarts hands to a custom series, as far as a whisker needs it. */
interface DrawingArea {
  value(dimension: number): number;
  coord(point: readonly number[]): number[];
}

/** A line over the interval, with a stroke across at both ends. */
function whisker(_params: unknown, area: DrawingArea): unknown {
  const at = area.value(0);
  const [left = 0, y = 0] = area.coord([area.value(1), at]);
  const [right = 0] = area.coord([area.value(2), at]);
  const line = (x1: number, y1: number, x2: number, y2: number) => ({
    type: 'line',
    shape: { x1, y1, x2, y2 },
    style: { stroke: TEXT, lineWidth: 1.2, fill: 'none' },
  });
  return {
    type: 'group',
    children: [line(left, y, right, y), line(left, y - 3.5, left, y + 3.5), line(right, y - 3.5, right, y + 3.5)],
  };
}

function render(title: string, option: EChartsCoreOption, height: number): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  try {
    chart.setOption(option);
    return plainSvg(title, chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

/**
 * Leaves out what only a script could use, and hover rules, whose names count charts: so the same chart is the same text
 * whatever was drawn before it.
 */
function plainSvg(title: string, svg: string): string {
  return svg
    .replace(/<style[\s\S]*?<\/style>/g, '')
    .replace(/ (?:ecmeta_\w+|class|pointer-events)="[^"]*"/g, '')
    .replace(/ xmlns:xlink="[^"]*"| version="1.1"| baseProfile="full"/g, '')
    .replace(/zr\d+-/g, 'zr-')
    .replace('<svg ', `<svg role="img" aria-label="${title.replace(/[&<>"]/g, ' ')}" `);
}
