/** A module as it is installed: what runs these files keeps the names of functions at run time, which costs a key press. */
export const compiled = <T>(path: string): Promise<T> => import(new URL(`../../dist/${path}`, import.meta.url).href);
