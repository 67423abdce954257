import type { RefObject } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

const MARGIN = 12;
const CLOSEST = 0.15;
const KEY_STEP = 60;
/** Below it a label's letters are smaller than 8 px on the screen. */
const LEGIBLE = 0.75;

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/**
 * Zoom by wheel and pinch at the pointer, pan by drag and arrow keys, `fit` shows all of it. `part` is what is looked at
 * until somebody moves the picture, and again after `follow`; null is all of it. `scale` is screen px to one of the picture's.
 */
export function useViewBox(svg: RefObject<SVGSVGElement | null>, width: number, height: number, part: Box | null) {
  const whole = { x: -MARGIN, y: -MARGIN, width: width + 2 * MARGIN, height: height + 2 * MARGIN };
  const [box, setBoxAsItIs] = useState<Box>(whole);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const isMoved = useRef(false);
  const setBox = useCallback((change: (now: Box) => Box) => {
    isMoved.current = true;
    setBoxAsItIs(change);
  }, []);
  const fit = useCallback(() => setBox(() => whole), [width, height]);
  const follow = useCallback(() => {
    isMoved.current = false;
    setBoxAsItIs(part === null || size.width === 0 ? whole : legible(part, size));
  }, [width, height, part, size]);
  useEffect(() => {
    if (!isMoved.current) follow();
  }, [follow]);

  useEffect(() => {
    const element = svg.current;
    if (!element) return;
    const sized = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    sized.observe(element);
    return () => sized.disconnect();
  }, [svg]);

  /** `factor` over 1 shows more; the point stays where it is. */
  const zoomAt = useCallback(
    (factor: number, px = 0.5, py = 0.5) =>
      setBox((now) => {
        const next = Math.max(Math.min(400, whole.width * CLOSEST), Math.min(whole.width * 2, now.width * factor));
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

  const scale = size.width === 0 ? 1 : Math.min(size.width / box.width, size.height / box.height);
  return { box: `${box.x} ${box.y} ${box.width} ${box.height}`, scale, zoom: zoomAt, fit, follow };
}

/** Around the middle of `part`: all of it when its letters can be read then, otherwise as much as can be. */
function legible(part: Box, size: { width: number; height: number }): Box {
  const wanted = Math.min(size.width / (part.width + 4 * MARGIN), size.height / (part.height + 4 * MARGIN));
  const scale = Math.max(LEGIBLE, Math.min(1, wanted));
  const [width, height] = [size.width / scale, size.height / scale];
  return { x: part.x + part.width / 2 - width / 2, y: part.y + part.height / 2 - height / 2, width, height };
}
