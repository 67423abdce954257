/** A list of the API: all of it with `for await`, or page by page. */

export interface Page<T> {
  items: T[];
  /** null: this is the last one. */
  next_page: string | null;
}

export interface List<T> extends AsyncIterable<T> {
  /** @param token `next_page` of the page before; absent: the first */
  page(token?: string): Promise<Page<T>>;
}

export type Query = Record<string, string | number | undefined>;

/** `?a=b`, without what is undefined; '' for nothing. */
export function queryString(query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]]
  );
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}

export function list<T>(ask: (path: string) => Promise<Page<T>>, path: string, query: Query): List<T> {
  const page = (token?: string) =>
    ask(path + queryString({ ...query, ...(token === undefined ? {} : { page: token }) }));
  return {
    page,
    async *[Symbol.asyncIterator]() {
      for (let token: string | undefined | null; token !== null; ) {
        const { items, next_page } = await page(token);
        yield* items;
        token = next_page;
      }
    }
  };
}
