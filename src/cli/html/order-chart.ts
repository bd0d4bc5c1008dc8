import { type Axis, pagesAxis, type Stack, stackedChart } from '../../report/charts.js';
import { swatchColour } from '../../report/map-figure.js';

/** Free blocks of one bar, by order. */
export interface FreeByOrder {
  readonly label: string;
  readonly free: readonly number[];
}

/** Of the colouring by order: no memory and pages in use come first. */
const ORDER_CLASS_0 = 2;
const orderLabel = (order: number) => `order ${order}`;
const orderColour = (label: string) => swatchColour('order', ORDER_CLASS_0 + Number(label.slice('order '.length)));

/** How much free memory lies in blocks of which size, in the colours of the map by order; null if nothing is free. */
export function orderChart(title: string, bars: readonly FreeByOrder[]): string | null {
  const stacks = bars.map(({ label, free }): Stack => {
    const parts = free.flatMap((blocks, order) =>
      blocks === 0 ? [] : [[orderLabel(order), blocks * 2 ** order] as const],
    );
    return { label, parts: new Map(parts) };
  });
  if (stacks.every(({ parts }) => parts.size === 0)) return null;
  const nrOrders = Math.max(...bars.map(({ free }) => free.length));
  const names = Array.from({ length: nrOrders }, (_, order) => orderLabel(order));
  return stackedChart(title, stacks, axisOf(stacks), orderColour, names);
}

/** An axis of pages as long as the longest bar. */
export function axisOf(stacks: readonly Stack[]): Axis {
  return pagesAxis(Math.max(...stacks.map(({ parts }) => [...parts.values()].reduce((sum, pages) => sum + pages, 0))));
}
