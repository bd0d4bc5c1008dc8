import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { PAPER } from '../picture/paper.js';
import { firstPicture, pictures } from '../state.js';
import { theme } from '../theme.js';
import { goToTime } from './player.js';
import { type ChartData, linesOf, reasonsOf, valueAt } from './series.js';

const HEIGHT = 108;

/** After Okabe and Ito; a second run has the same, dashed. */
const LINE_COLOURS = {
  light: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b07a00'],
  dark: ['#56b4e9', '#ff8c3f', '#2fc99b', '#e39cc4', '#f0b53c'],
};

/** Free blocks, pages moved, refusals by reason, over the time of the run. A click goes to that moment. */
export function Charts() {
  const runs = pictures.value.map(({ counters }) => counters.value);
  if (runs.every((counters) => counters.length < 2)) return null;
  const one = (name: string) => () => [name];
  return (
    <section class="charts" aria-label="Charts">
      <Chart title="Free blocks of order 9" data={linesOf(runs, one('free blocks'), ({ freeOrder9 }) => freeOrder9)} />
      <Chart title="Pages moved" data={linesOf(runs, one('moved'), ({ migrated }) => migrated)} />
      <Chart
        title="Refusals by reason"
        data={linesOf(
          runs,
          (run) => reasonsOf(runs[run]!),
          ({ refusals }, reason) => refusals[reason] ?? 0,
        )}
      />
    </section>
  );
}

function Chart({ title, data }: { readonly title: string; readonly data: ChartData }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const colours = LINE_COLOURS[theme.value];
  const key = `${theme.value} ${data.lines.map(({ label, run }) => `${run} ${label}`).join()}`;
  useEffect(() => {
    const element = box.current!;
    plot.current = new uPlot(optionsOf(data, element.clientWidth), columnsOf(data), element);
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [key]);
  useEffect(() => plot.current?.setData(columnsOf(data)), [data.seconds.length, data.seconds.at(-1)]);
  const places = pictures.value.map(({ progress }) => progress.value?.ms ?? 0);
  useEffect(() => plot.current?.redraw(false), [places[0]]);
  return (
    <figure class="chart">
      <figcaption>
        {title}
        {data.lines.length === 0 && ': none so far'}
        {data.lines.map(({ label, run, index }) => (
          <span key={`${run} ${label}`} class={run === 0 ? 'line' : 'line dashed'}>
            <svg viewBox="0 0 16 4" aria-hidden="true">
              <line x1="0" y1="2" x2="16" y2="2" stroke={colours[index % colours.length]} />
            </svg>
            {data.lines.length > 1 && label.includes('/') ? label.slice(label.indexOf('/') + 1) : ''}{' '}
            <b>{valueAt(data, run, index, places[run] ?? 0).toLocaleString('en')}</b>
          </span>
        ))}
      </figcaption>
      <div ref={box} class="plot" role="img" aria-label={spoken(title, data, places)} />
    </figure>
  );
}

/** Where each run stands on the time line. */
function spoken(title: string, data: ChartData, places: readonly number[]): string {
  if (data.lines.length === 0) return `${title}: none`;
  const values = data.lines.map(({ label, run, index }) => `${label} ${valueAt(data, run, index, places[run] ?? 0)}`);
  return `${title}, so far: ${values.join(', ')}`;
}

function columnsOf({ seconds, lines }: ChartData): uPlot.AlignedData {
  return [seconds, ...lines.map(({ values }) => values)];
}

function optionsOf({ lines }: ChartData, width: number): uPlot.Options {
  const paper = PAPER[theme.peek()];
  const colours = LINE_COLOURS[theme.peek()];
  const axis: uPlot.Axis = {
    stroke: paper.quiet,
    grid: { stroke: paper.line, width: 0.5 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { setScale: false, x: false, y: false }, points: { size: 5 } },
    scales: { x: { time: false } },
    axes: [
      { ...axis, size: 22, values: (_, ticks) => ticks.map((tick) => `${tick} s`) },
      { ...axis, size: 46, values: (_, ticks) => ticks.map(short) },
    ],
    series: [
      {},
      ...lines.map(
        ({ label, run, index }): uPlot.Series => ({
          label,
          stroke: colours[index % colours.length]!,
          width: 1.5,
          spanGaps: true,
          points: { show: false },
          ...(run === 0 ? {} : { dash: [5, 4] }),
        }),
      ),
    ],
    hooks: {
      draw: [drawNow],
      ready: [
        (plot) => plot.over.addEventListener('click', () => goToTime(plot.posToVal(plot.cursor.left ?? 0, 'x') * 1000)),
      ],
    },
  };
}

/** Where the run stands on the map above. */
function drawNow(plot: uPlot): void {
  const ms = firstPicture.peek()?.progress.peek()?.ms ?? 0;
  const x = plot.valToPos(ms / 1000, 'x', true);
  const { left, top, width, height } = plot.bbox;
  if (!(x >= left && x <= left + width)) return;
  plot.ctx.save();
  plot.ctx.strokeStyle = PAPER[theme.peek()].strong;
  plot.ctx.lineWidth = devicePixelRatio;
  plot.ctx.setLineDash([]);
  plot.ctx.beginPath();
  plot.ctx.moveTo(x, top);
  plot.ctx.lineTo(x, top + height);
  plot.ctx.stroke();
  plot.ctx.restore();
}

/** 12500 -> "12.5k". */
function short(value: number): string {
  if (Math.abs(value) >= 1e6) return `${Number((value / 1e6).toFixed(1))}M`;
  return Math.abs(value) >= 1e4 ? `${Number((value / 1e3).toFixed(1))}k` : `${value}`;
}
