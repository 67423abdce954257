import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Flow } from '../../schemas/generated/contracts.ts';
import type { Api } from './api.ts';
import { CliError, EXIT } from './exit.ts';

/** Recordings have a title and no name: theirs never hides a flow that ships. */
const PREFIX = 'recorded.';

/** A flow's name has no slash, and none ends so. */
export const isFlowFile = (argument: string): boolean => argument.endsWith('.json') || argument.includes('/');

/**
 * Puts the flow or the recording of this file to the server, a new version if it has changed.
 * @param reaches whom its actions reach that do not say so themselves; an admin's word
 * @returns its name: a flow's own, a recording's that of its file
 * @throws CliError usage, and those of the API
 */
export async function putFlowFile(api: Api, path: string, reaches?: string): Promise<string> {
  const body = await readJson(path);
  const name = nameOf(body) ?? PREFIX + slug(basename(path, '.json'));
  const said = reaches === undefined ? '' : `?reaches=${encodeURIComponent(reaches)}`;
  const flow = await api.call<Flow>('PUT', `/v1/flows/${encodeURIComponent(name)}${said}`, body);
  return flow.name;
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new CliError(`'${path}' cannot be read: ${(cause as Error).message}`, EXIT.usage, cause);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CliError(`'${path}' is not JSON: ${(cause as Error).message}`, EXIT.usage, cause);
  }
}

function nameOf(body: unknown): string | undefined {
  const name = (body as { name?: unknown } | null)?.name;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** What a flow may be called: letters, digits and a few signs. */
const slug = (text: string): string => text.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 100) || 'flow';
