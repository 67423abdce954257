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
}

/** @param signal ends what is being waited for */
export function createApi({ control, token, tls }: Connection, signal?: AbortSignal): Api {
  const fetch = fetchWith(tls);
  return {
    async call<T>(method: string, path: string, body?: unknown): Promise<T> {
      let response: Response;
      try {
        response = await fetch(`${control}${path}`, {
          method,
          headers: {
            authorization: `Bearer ${token}`,
            ...(body === undefined ? {} : { 'content-type': 'application/json' })
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          ...(signal ? { signal } : {})
        });
      } catch (cause) {
        signal?.throwIfAborted();
        throw new CliError(`${control} cannot be reached: ${reasonOf(cause)}`, EXIT.unreachable, cause);
      }
      const text = await response.text();
      if (!response.ok) throw refusal(response.status, text);
      return (text === '' ? undefined : JSON.parse(text)) as T;
    }
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
