import type { ColouringName } from '../../picture/colourings.js';
import type { Theme } from '../../picture/colours.js';
import { mapClasses } from '../../picture/map-classes.js';
import type { MapLayout, MappedMachine } from '../../picture/map-layout.js';
import type { Pyramid } from '../../picture/pyramid.js';
import { type MapView, Raster, type RasterColours, rasterColours } from '../../picture/raster.js';
import { type MapEdge, zoneEdges } from '../../picture/zone-edges.js';
import { drawCursor, drawLabels, drawZoneEdges, type Sheet } from './labels.js';
import { PAPER } from './paper.js';

/** What a painter needs to know of a machine. */
export interface Subject {
  readonly pages: Uint8Array;
  readonly pyramid: Pyramid;
  readonly pageblockOrder: number;
  readonly zones: MappedMachine['zones'];
  blockState(block: number): number | null;
}

/** Paints the map on its canvas. */
export class Painter {
  readonly #canvas: OffscreenCanvas;
  readonly #context: OffscreenCanvasRenderingContext2D;
  readonly #raster = new Raster();
  #image: ImageData;
  #ratio = 1;
  #theme: Theme = 'light';
  #colouring: ColouringName = 'type';
  #colours: RasterColours;
  /** Those of the layout that was drawn last. */
  #zoneEdges: { readonly layout: MapLayout; readonly edges: readonly MapEdge[] } | null = null;
  layout: MapLayout | null = null;
  view: MapView = { x: 0, y: 0, scale: 1 };
  cursor: number | null = null;

  constructor(canvas: OffscreenCanvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d', { alpha: false })!;
    this.#image = new ImageData(1, 1);
    this.#colours = this.#colouringOf();
  }

  /** In pixels of CSS. */
  size(width: number, height: number, ratio: number): void {
    this.#ratio = ratio;
    const [wide, high] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
    if (wide === this.#canvas.width && high === this.#canvas.height && this.#image.width === wide) return;
    this.#canvas.width = wide;
    this.#canvas.height = high;
    this.#image = new ImageData(wide, high);
  }

  look(theme: Theme, colouring: ColouringName): void {
    this.#theme = theme;
    this.#colouring = colouring;
    this.#colours = this.#colouringOf();
  }

  #colouringOf(): RasterColours {
    return rasterColours(mapClasses(this.#colouring), this.#theme, PAPER[this.#theme].ground);
  }

  draw(subject: Subject | null): void {
    const { width, height } = this.#canvas;
    const layout = this.layout;
    if (subject === null || layout === null) {
      this.#context.fillStyle = `#${PAPER[this.#theme].ground.toString(16).padStart(6, '0')}`;
      this.#context.fillRect(0, 0, width, height);
      return;
    }
    const view = { x: this.view.x, y: this.view.y, scale: this.view.scale * this.#ratio };
    const pixels = new Uint32Array(this.#image.data.buffer);
    this.#raster.draw(pixels, width, height, layout, view, subject.pages, subject.pyramid, this.#colours);
    this.#context.putImageData(this.#image, 0, 0);
    const paper = PAPER[this.#theme];
    const sheet: Sheet = { context: this.#context, width, height, ratio: this.#ratio, layout, view, paper };
    drawLabels(sheet, (block) => subject.blockState(block), subject.pageblockOrder);
    if (this.#zoneEdges?.layout !== layout) this.#zoneEdges = { layout, edges: zoneEdges(layout, subject.zones) };
    drawZoneEdges(sheet, this.#zoneEdges.edges);
    if (this.cursor !== null) drawCursor(sheet, this.cursor);
  }
}
