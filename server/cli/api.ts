/** The REST API of a running instance, for commands. */
import { fetchWith, reasonOf } from '../../client/tls.ts';
import type { Problem } from '../../schemas/generated/contracts.ts';
import type { Connection } from './connection.ts';
import { CliError, EXIT, exitCodeOfStatus } from './exit.ts';

export interface Api {
  /**
   * The body of a 2xx answer, undefined for 204.
   * @param path with its leading slash and query
   * @throws CliError unreachable, or with the problem's own words
   */
  call<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T>;
  /** A GET whose answer is kept as it is. @param accept a media type */
  text(path: string, accept: string): Promise<string>;
}

/** @param signal ends what is being waited for */
export function createApi({ control, token, tls }: Connection, signal?: AbortSignal): Api {
  const fetch = fetchWith(tls);
  const ask = async (method: string, path: string, headers: Record<string, string>, body?: string): Promise<string> => {
    let response: Response;
    try {
      response = await fetch(`${control}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...headers },
        ...(body === undefined ? {} : { body }),
        ...(signal ? { signal } : {})
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new CliError(`${control} cannot be reached: ${reasonOf(cause)}`, EXIT.unreachable, cause);
    }
    const text = await response.text();
    if (!response.ok) throw refusal(response.status, text);
    return text;
  };
  return {
    async call<T>(method: string, path: string, body?: unknown): Promise<T> {
      const text = await (body === undefined
        ? ask(method, path, {})
        : ask(method, path, { 'content-type': 'application/json' }, JSON.stringify(body)));
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
    text: (path, accept) => ask('GET', path, { accept })
  };
}

function refusal(status: number, text: string): CliError {
  let problem: Partial<Problem> = {};
  try {
    problem = JSON.parse(text) as Partial<Problem>;
  } catch {
    // not one of ours: a proxy's page, say
  }
  const said = problem.code ? `${problem.code}: ${problem.detail}` : text.slice(0, 200) || 'no text';
  return new CliError(problem.code ? said : `the server answered ${status}: ${said}`, exitCodeOfStatus(status));
}
