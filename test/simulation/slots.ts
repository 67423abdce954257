/**
 * The processes of a slot, outside of ours: an X server, Appium, a driver executable, a browser. A kill of our process
 * leaves them as they are; whatever is wrong with one of them shows as in the driver's fault table.
 */
import type { Fault } from './faults.ts';

export interface Browser {
  isAlive: boolean;
  /** hung: no answer to anything. loading: navigation never ends. */
  page: 'ok' | 'hung' | 'loading';
  /** Given by the lease it was opened for. */
  fencing: number | null;
  why: string;
}

export class OutsideSlot {
  readonly name: string;
  display: 'up' | 'dead' = 'dead';
  appium: 'up' | 'gone' = 'gone';
  driver: 'up' | 'hung' | 'gone' = 'gone';
  browser: Browser | null = null;
  /** Nobody has ticked Allow Remote Automation until then, ms. */
  automationOffUntil = 0;
  readonly #watchers = new Set<() => void>();

  constructor(name: string) {
    this.name = name;
  }

  /** Tells of every change, until the returned function is called. */
  onChange(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  open(): Browser {
    this.driver = 'up';
    this.browser = { isAlive: true, page: 'ok', fencing: null, why: '' };
    return this.browser;
  }

  endBrowser(why: string) {
    if (this.browser) Object.assign(this.browser, { isAlive: false, why });
    this.browser = null;
    this.#changed();
  }

  endAll() {
    this.display = 'dead';
    this.appium = 'gone';
    this.driver = 'gone';
    this.endBrowser('it was ended');
  }

  /** Something of the slot breaks while a browser is open. */
  suffer(fault: Fault) {
    const { browser } = this;
    switch (fault) {
      case 'the page process dies':
        return this.endBrowser('session deleted because of page crash or hang.');
      case 'the browser crashes by itself':
      case 'the lease is outlived':
        return this.endBrowser('A session is either terminated or not started');
      case 'the renderer hangs':
        if (browser) browser.page = 'hung';
        break;
      case 'the page never ends loading':
        if (browser) browser.page = 'loading';
        break;
      case 'the driver executable dies':
        this.driver = 'gone';
        break;
      case 'the driver executable hangs':
        this.driver = 'hung';
        break;
      case 'Appium is killed':
        this.appium = 'gone';
        break;
      case 'the X server dies':
        this.display = 'dead';
        this.endBrowser('its X server has ended');
    }
    this.#changed();
  }

  #changed() {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** What may befall an open browser at any time. */
export const troubles: Fault[] = [
  'the page process dies',
  'the browser crashes by itself',
  'the lease is outlived',
  'the renderer hangs',
  'the page never ends loading',
  'the driver executable dies',
  'the driver executable hangs',
  'Appium is killed',
  'the X server dies'
];
