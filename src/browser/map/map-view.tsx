import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { pageAt } from '../../picture/map-layout.js';
import type { PictureClient } from '../picture/picture-client.js';
import { describeRunState } from '../run/run-words.js';
import { colouring, cursor, layout, pictures, runOf, screen, view } from '../state.js';
import { theme } from '../theme.js';
import { Gestures } from './gestures.js';
import { mapKey } from './map-keys.js';
import { askAbout, panBy, zoomBy } from './moves.js';

/** One picture on its canvas. The canvas is painted by the picture's worker; here are pointer, wheel and keys. */
export function MapView({ picture }: { readonly picture: PictureClient }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current!;
    const stops = [watchSize(element, picture), watchLook(picture), watchPointer(element)];
    return () => {
      for (const stop of stops) stop();
    };
  }, [picture]);
  const share = picture.painted.value;
  const header = picture.header.value;
  return (
    <figure class="map">
      {pictures.value.length > 1 && <figcaption>{titleOf(picture)}</figcaption>}
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: arrow keys are the map's, not the reader's */}
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-label={`Map of memory${nameOf(picture)}. ${KEYS}`}
        aria-describedby="page-card"
        onKeyDown={mapKey}
      />
      {header !== null && share < 1 && <progress class="loading" value={share} max={1} aria-label="Pages loaded" />}
      {header === null && picture.failure.value === null && <p class="waiting">The machine is being opened …</p>}
      {picture.failure.value !== null && (
        <p class="waiting error" role="alert">
          {picture.failure.value}
        </p>
      )}
    </figure>
  );
}

const KEYS = 'Arrow keys move the cursor, plus and minus zoom, Enter asks about a page.';

/** Of two maps side by side, each says whose it is. */
function nameOf(picture: PictureClient): string {
  const strategy = picture.header.value?.strategy ?? runOf(picture)?.strategy ?? null;
  return strategy === null ? '' : `, ${strategy}`;
}

function titleOf(picture: PictureClient): string {
  const strategy = picture.header.value?.strategy ?? runOf(picture)?.strategy ?? 'the machine';
  return `${strategy}: ${describeRunState(picture.progress.value)}`;
}

/** The canvas is the worker's: here one only says how large it is. */
function watchSize(element: HTMLCanvasElement, picture: PictureClient): () => void {
  picture.start(element);
  const tell = () => {
    const { width, height } = element.getBoundingClientRect();
    if (width === 0) return;
    picture.ask({ kind: 'size', width, height, ratio: Math.min(2, devicePixelRatio) });
    const { width: known, height: tall } = screen.peek();
    if (known !== width || tall !== height) screen.value = { width, height };
    picture.ask({ kind: 'view', view: view.peek() });
  };
  const observer = new ResizeObserver(tell);
  observer.observe(element);
  tell();
  if (layout.peek() !== null) picture.ask({ kind: 'layout', layout: layout.peek()! });
  return () => observer.disconnect();
}

function watchLook(picture: PictureClient): () => void {
  return effect(() => picture.ask({ kind: 'look', theme: theme.value, colouring: colouring.value }));
}

function watchPointer(element: HTMLCanvasElement): () => void {
  const at = ({ clientX, clientY }: { clientX: number; clientY: number }) => {
    const { left, top } = element.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };
  const pageUnder = (point: { x: number; y: number }) => {
    const plan = layout.peek();
    const { x, y, scale } = view.peek();
    return plan === null ? null : pageAt(plan, { x: x + point.x / scale, y: y + point.y / scale });
  };
  return new Gestures(element, {
    hover: (point) => {
      cursor.value = pageUnder(at(point));
    },
    leave: () => {
      cursor.value = null;
    },
    drag: panBy,
    zoom: (factor, point) => zoomBy(factor, at(point)),
    tap: (point) => {
      const pfn = pageUnder(at(point));
      cursor.value = pfn;
      if (pfn !== null) askAbout(pfn);
    },
  }).listen();
}
