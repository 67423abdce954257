/**
 * How long actors were in a state, as a histogram: bucket 0 is under a millisecond, bucket n from 1.1^(n-1) to 1.1^n ms.
 * So a quantile is known within a tenth, a state takes some hundred numbers at most whatever has been counted, and
 * adding one more is adding one to a number.
 */
const RATIO = 1.1;
const LOG = Math.log(RATIO);

/** @param ms not negative */
export const bucketOf = (ms: number): number => (ms < 1 ? 0 : 1 + Math.floor(Math.log(ms) / LOG));

/** ms; no stay of the bucket was longer. */
export const longestOf = (bucket: number): number => RATIO ** bucket;

export interface Bucket {
  bucket: number;
  count: number;
}

export const samplesOf = (histogram: readonly Bucket[]): number => histogram.reduce((sum, { count }) => sum + count, 0);

/**
 * ms that so large a part of the stays did not exceed, up to a tenth more than it is; 0 of an empty histogram.
 * @param part 0 to 1: 0.99 is the 99th percentile
 */
export function quantile(histogram: readonly Bucket[], part: number): number {
  const wanted = Math.ceil(samplesOf(histogram) * part);
  let seen = 0;
  for (const { bucket, count } of histogram.toSorted((a, b) => a.bucket - b.bucket)) {
    seen += count;
    if (seen >= wanted) return longestOf(bucket);
  }
  return 0;
}
