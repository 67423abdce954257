/**
 * `node --import` of a manager whose clock is moved while it runs: CRASH_CLOCK names a file with how far, ms. Timeouts
 * go on as they were set, as they do when a person sets a clock.
 */
import { readFileSync } from 'node:fs';

const file = process.env.CRASH_CLOCK;
const LOOK_MS = 10;
let movedMs = 0;

function look() {
  try {
    movedMs = Number(readFileSync(file, 'utf8'));
  } catch {
    // not moved yet
  }
}

const RealDate = Date;
const now = () => RealDate.now() + movedMs;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    super(...(args.length === 0 ? [now()] : args));
  }

  static now() {
    return now();
  }
};
look();
setInterval(look, LOOK_MS).unref();
