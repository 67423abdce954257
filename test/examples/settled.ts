/** Lets every promise that can run on do so: what is left waits for a clock, a disk or the test. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
