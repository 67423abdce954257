/**
 * Which spans of the log hold a cursor, found without looking at the others: a binary tree over all cursors that is kept
 * nowhere. A span is filed under the topmost node in it, and whatever holds a cursor is filed under one of the nodes on the
 * way down to it: one a level, however long the log is. (Kriegel, Pötke, Seidl: Managing Intervals Efficiently in
 * Object-Relational Databases, 2000.)
 */

/** The node of the span from `first` to `last`, both inclusive: where the ways down to them part. */
export function forkOf(first: number, last: number): number {
  let [left, right, size] = [first, last, 1];
  while (left !== right) {
    left = Math.floor(left / 2);
    right = Math.floor(right / 2);
    size *= 2;
  }
  return size === 1 ? first : left * size + size / 2;
}

/** All nodes that spans with this cursor may be filed under, of a log that ends at `head`. */
export function nodesTo(cursor: number, head: number): number[] {
  const nodes = new Set([cursor]);
  for (let half = 1; half <= head; half *= 2) nodes.add(Math.floor(cursor / (half * 2)) * half * 2 + half);
  return [...nodes];
}
