/** Where the planes are, and who we are to them. The token lives in this tab alone: in no address, no cookie. */
import { signal } from '@preact/signals';
import type { Problem } from '../../schemas/generated/contracts.ts';

export interface Connection {
  /** ws://HOST:PORT */
  telemetry: string;
  version: string;
  /** Nothing is really driven. */
  stub: boolean;
}

export interface Identity {
  token: string;
  service: string;
  scopes: string[];
}

const KEPT = 'troupe.token';

export const connection = signal<Connection | null>(null);
export const identity = signal<Identity | null>(null);

/** What the API said no to, with what it said. */
export class ApiError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/**
 * One request as the person who is signed in; the JSON of its answer, null when it has none.
 * @throws ApiError with the problem the server answered, or one of code UNREACHABLE
 */
export async function api<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await request(method, path, 'application/json', body);
  return (response.status === 204 ? null : await response.json().catch(() => null)) as T;
}

/** What a GET answers, as it is. @throws ApiError as `api` does */
export const download = async (path: string, accept = '*/*'): Promise<Blob> =>
  (await request('GET', path, accept)).blob();

async function request(method: string, path: string, accept: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = { accept };
  if (identity.value) headers.authorization = `Bearer ${identity.value.token}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  } catch {
    throw new ApiError(problem(0, 'UNREACHABLE', 'the control plane does not answer; is troupe still running?'));
  }
  if (response.ok) return response;
  if (response.status === 401) signOut();
  const answer = (await response.json().catch(() => null)) as Problem | null;
  throw new ApiError(answer ?? problem(response.status, 'INTERNAL', response.statusText));
}

const problem = (status: number, code: string, detail: string): Problem => ({
  type: 'about:blank',
  title: code,
  status,
  code,
  detail,
  request_id: ''
});

/** @throws ApiError when the token is not one */
export async function signIn(token: string): Promise<void> {
  identity.value = { token, service: '', scopes: [] };
  try {
    const self = await api<{ service: string; scopes: string[] }>('GET', '/v1/tokens/self');
    identity.value = { token, service: self.service, scopes: self.scopes };
    sessionStorage.setItem(KEPT, token);
  } catch (error) {
    signOut();
    throw error;
  }
}

export function signOut(): void {
  identity.value = null;
  sessionStorage.removeItem(KEPT);
}

/** `#sign-in=CODE`, from the link that `troupe start` prints, is used up and taken out of the address at once. */
export async function begin(): Promise<void> {
  connection.value = await api<Connection>('GET', '/inspector/connection.json');
  const code = /^#sign-in=([\w-]+)$/.exec(location.hash)?.[1];
  if (code !== undefined) {
    history.replaceState(null, '', `${location.pathname}${location.search}`);
    const { token } = await api<{ token: string }>('POST', '/v1/sign-in', { code });
    return signIn(token);
  }
  const kept = sessionStorage.getItem(KEPT);
  if (kept !== null) await signIn(kept);
}

/** Whether the person who is signed in may; the server asks again. */
export function may(scope: string): boolean {
  const scopes = identity.value?.scopes ?? [];
  const family = `${scope.split(':', 1)[0]}:*`;
  return scopes.some((one) => one === 'admin' || one === scope || one === family);
}
