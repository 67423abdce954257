import type { RefObject } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';

const MARGIN = 12;
const CLOSEST = 0.15;
const KEY_STEP = 60;

/** Zoom by wheel and pinch at the pointer, pan by drag and arrow keys, `fit` shows all of it. */
export function useViewBox(svg: RefObject<SVGSVGElement | null>, width: number, height: number) {
  const whole = { x: -MARGIN, y: -MARGIN, width: width + 2 * MARGIN, height: height + 2 * MARGIN };
  const [box, setBox] = useState(whole);
  const fit = useCallback(() => setBox(whole), [width, height]);
  useEffect(fit, [fit]);

  /** `factor` over 1 shows more; the point stays where it is. */
  const zoomAt = useCallback(
    (factor: number, px = 0.5, py = 0.5) =>
      setBox((now) => {
        const next = Math.max(whole.width * CLOSEST * 0.5, Math.min(whole.width * 2, now.width * factor));
        const by = next / now.width;
        return {
          x: now.x + now.width * (1 - by) * px,
          y: now.y + now.height * (1 - by) * py,
          width: now.width * by,
          height: now.height * by
        };
      }),
    [width, height]
  );

  useEffect(() => {
    const element = svg.current;
    if (!element) return;
    const toDiagram = (dx: number, dy: number) => {
      const scale = element.getScreenCTM()?.a || 1;
      return { dx: dx / scale, dy: dy / scale };
    };
    const pan = (dx: number, dy: number) => setBox((now) => ({ ...now, x: now.x - dx, y: now.y - dy }));
    const wheel = (event: WheelEvent) => {
      // Without a modifier the wheel is the page's.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const frame = element.getBoundingClientRect();
      const [px, py] = [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height];
      zoomAt(Math.exp(event.deltaY / 300), px, py);
    };
    const down = (event: PointerEvent) => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      element.dataset.dragging = '';
    };
    const move = (event: PointerEvent) => {
      if (!element.hasPointerCapture(event.pointerId)) return;
      const { dx, dy } = toDiagram(event.movementX, event.movementY);
      pan(dx, dy);
    };
    const up = () => {
      delete element.dataset.dragging;
    };
    element.addEventListener('wheel', wheel, { passive: false });
    element.addEventListener('pointerdown', down);
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerup', up);
    const key = (event: KeyboardEvent) => {
      const steps: Record<string, [number, number]> = {
        ArrowLeft: [1, 0],
        ArrowRight: [-1, 0],
        ArrowUp: [0, 1],
        ArrowDown: [0, -1]
      };
      const step = steps[event.key];
      if (step) pan(step[0] * KEY_STEP, step[1] * KEY_STEP);
      else if (event.key === '+') zoomAt(1 / 1.3);
      else if (event.key === '-') zoomAt(1.3);
      else if (event.key === '0') fit();
      else return;
      event.preventDefault();
    };
    element.addEventListener('keydown', key);
    return () => {
      element.removeEventListener('wheel', wheel);
      element.removeEventListener('pointerdown', down);
      element.removeEventListener('pointermove', move);
      element.removeEventListener('pointerup', up);
      element.removeEventListener('keydown', key);
    };
  }, [svg, zoomAt, fit]);

  return { box: `${box.x} ${box.y} ${box.width} ${box.height}`, zoom: zoomAt, fit };
}
