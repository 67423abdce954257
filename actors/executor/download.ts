import { ControlError } from '../../schemas/errors.ts';
import type { FlowAction, Proof } from '../../schemas/generated/contracts.ts';
import type { Artifact } from './contract.ts';
import type { Tried } from './locate.ts';
import { type MediaFacts, videoFacts } from './media.ts';
import { documentChanged, newToken, type Page, Patience, sleep } from './page.ts';
import type { ArtifactSink } from './report.ts';
import type { Candidate } from './selectors.ts';

/** How long one question waits in the page, ms, and how much one answer brings, bytes. */
const BUDGET_MS = 1_000;
const CHUNK_BYTES = 3 * 1024 * 1024;
const DEFAULTS = { maxBytes: 64 * 1024 * 1024, timeout: 60_000 };

type Rule = NonNullable<FlowAction['download']>[string];

export interface Downloaded {
  artifact: Artifact;
  /** Of a rule that says what it has to be; else null. */
  facts: MediaFacts | null;
  proofs: Proof[];
}

interface State {
  waiting?: boolean;
  missing?: boolean;
  failed?: string;
  tried?: Tried[];
  url?: string;
  size?: number;
  type?: string;
}

/**
 * Keeps the file an element names. The page fetches it itself, with its cookies, so what a person who is logged in may
 * have is had, and blob: and data: addresses too; a file of another site only if that one allows it. What a click
 * downloads goes to the browser's own folder, where no driver reaches it: that is why.
 * @throws ControlError SELECTOR_MISSING, DOWNLOAD_FAILED
 */
export async function download(
  page: Page,
  { frame, attribute, media, maxBytes = DEFAULTS.maxBytes, timeout = DEFAULTS.timeout }: Rule,
  { step, candidates, artifacts }: { step: string; candidates: Candidate[]; artifacts: ArtifactSink }
): Promise<Downloaded> {
  const patience = new Patience(timeout);
  const token = newToken();
  const state = await whenHere();
  const url = (state.url ?? '').slice(0, 2000);
  if (state.failed !== undefined) throw new ControlError('DOWNLOAD_FAILED', { step, url, reason: state.failed });
  const parts: Buffer[] = [];
  for (let from = 0; from === 0 || from < state.size!; from += CHUNK_BYTES) {
    const chunk = await page.await<string>('chunk', { token, from, to: Math.min(from + CHUNK_BYTES, state.size!) });
    parts.push(Buffer.from(chunk, 'base64'));
  }
  const bytes = Buffer.concat(parts);
  if (bytes.byteLength !== state.size) {
    throw new ControlError('DOWNLOAD_FAILED', {
      step,
      url,
      reason: `${bytes.byteLength} of ${state.size} bytes came`
    });
  }
  const facts = media === 'video' ? await videoFacts(bytes) : null;
  if (typeof facts === 'string') throw new ControlError('DOWNLOAD_FAILED', { step, url, reason: facts });
  const artifact = await artifacts.store(bytes, 'download', mediaType(state.type));
  return {
    artifact,
    facts,
    proofs: [
      { kind: 'url', value: url },
      { kind: 'file', artifact_id: artifact.id, sha256: artifact.sha256 }
    ]
  };

  async function whenHere(): Promise<State> {
    for (;;) {
      let state: State;
      try {
        await page.enter(frame);
        state = await page.await<State>('download', {
          token,
          candidates,
          maxBytes,
          ...(attribute !== undefined && { attribute }),
          budgetMs: Math.min(BUDGET_MS, patience.leftMs)
        });
      } catch (error) {
        if (!documentChanged(error)) throw error;
        page.forgetFrame();
        state = { missing: true, tried: [] };
      }
      if (!state.waiting && !state.missing) return state;
      if (patience.over) {
        if (state.waiting) return { ...state, failed: `not all of it came in ${patience.waitedMs} ms` };
        throw new ControlError('SELECTOR_MISSING', { step, tried: state.tried ?? [], waitedMs: patience.waitedMs });
      }
      await sleep(50, page.signal);
    }
  }
}

/** A site's word for it, if it is one; what is shown as a page is never shown as a page of ours. */
const mediaType = (said: string | undefined): string =>
  said !== undefined && /^[a-z]+\/[\w.+-]+$/i.test(said) ? said.toLowerCase() : 'application/octet-stream';
