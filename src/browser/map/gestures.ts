/** A place on the screen. */
interface Place {
  readonly clientX: number;
  readonly clientY: number;
}

export interface GestureListener {
  hover(at: Place): void;
  leave(): void;
  /** In pixels, since the last one. */
  drag(x: number, y: number): void;
  /** Above 1 is nearer. */
  zoom(factor: number, at: Place): void;
  tap(at: Place): void;
}

/** A pointer that moves less far meant to stay where it was. */
const TAP_PIXELS = 5;
/** What a notch of a wheel is: wheels speak of pixels, of lines, or of pages. */
const PIXELS_BY_MODE = [1, 33, 400];
const ZOOM_PER_PIXEL = 0.0022;

/** Mouse, wheel, touchpad and fingers, as what they mean for a map. */
export class Gestures {
  readonly #element: HTMLElement;
  readonly #listener: GestureListener;
  /** Pointers that are down, by id. */
  readonly #down = new Map<number, Place>();
  #travelled = 0;

  constructor(element: HTMLElement, listener: GestureListener) {
    this.#element = element;
    this.#listener = listener;
  }

  /** Returns what ends it. */
  listen(): () => void {
    const stop = new AbortController();
    const { signal } = stop;
    const element = this.#element;
    element.addEventListener('wheel', (event) => this.#wheel(event), { signal, passive: false });
    element.addEventListener('pointerdown', (event) => this.#press(event), { signal });
    element.addEventListener('pointermove', (event) => this.#move(event), { signal });
    element.addEventListener('pointerup', (event) => this.#release(event, true), { signal });
    element.addEventListener('pointercancel', (event) => this.#release(event, false), { signal });
    element.addEventListener('pointerleave', () => this.#listener.leave(), { signal });
    return () => stop.abort();
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const pixels = PIXELS_BY_MODE[event.deltaMode] ?? 1;
    if (event.shiftKey) this.#listener.drag(-(event.deltaX + event.deltaY) * pixels, 0);
    else {
      // Two fingers on a touchpad that pinch come as a wheel with Ctrl, and with small numbers.
      const speed = event.ctrlKey ? 4 : 1;
      const delta = Math.max(-240, Math.min(event.deltaY * pixels, 240));
      this.#listener.zoom(Math.exp(-delta * ZOOM_PER_PIXEL * speed), event);
    }
  }

  #press(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#element.setPointerCapture(event.pointerId);
    if (this.#down.size === 0) this.#travelled = 0;
    this.#down.set(event.pointerId, event);
  }

  #move(event: PointerEvent): void {
    const before = this.#down.get(event.pointerId);
    if (before === undefined) {
      this.#listener.hover(event);
      return;
    }
    const x = event.clientX - before.clientX;
    const y = event.clientY - before.clientY;
    this.#travelled += Math.abs(x) + Math.abs(y);
    const other = [...this.#down].find(([id]) => id !== event.pointerId)?.[1];
    this.#down.set(event.pointerId, event);
    if (other === undefined) {
      if (this.#travelled > TAP_PIXELS) this.#listener.drag(x, y);
      return;
    }
    this.#listener.drag(x / 2, y / 2);
    const middle = { clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 };
    const factor = distance(event, other) / Math.max(1, distance(before, other));
    if (Number.isFinite(factor) && factor > 0) this.#listener.zoom(factor, middle);
  }

  #release(event: PointerEvent, isMeant: boolean): void {
    if (!this.#down.delete(event.pointerId)) return;
    if (isMeant && this.#down.size === 0 && this.#travelled <= TAP_PIXELS) this.#listener.tap(event);
  }
}

function distance(a: Place, b: Place): number {
  return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
}
