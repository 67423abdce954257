/** What was seen when something failed: a picture of the window, and the page's HTML about it. */
import { type ControlError, isControlError } from '../../schemas/errors.ts';
import type { Proof, Step } from '../../schemas/generated/contracts.ts';
import { isLoss } from '../webdriver/client.ts';
import type { Artifact } from './contract.ts';
import type { Page } from './page.ts';
import type { Candidate } from './selectors.ts';

export interface ArtifactSink {
  store(bytes: Uint8Array, kind: Artifact['kind'], mediaType: string): Promise<Artifact>;
}

export interface Seen {
  artifacts: Artifact[];
  proofs: Proof[];
}

/** Characters of HTML that are kept: enough for a form or two, little beside the picture. */
const EXCERPT_ROOM = 40_000;

/** A picture is wanted and not needed; only a lost browser or an abort is the caller's business. */
export async function picture(page: Page, artifacts: ArtifactSink): Promise<Seen> {
  return attempted(async () => {
    const png = await page.call((session, options) => session.screenshot(options));
    const artifact = await artifacts.store(png, 'screenshot', 'image/png');
    return {
      artifacts: [artifact],
      proofs: [{ kind: 'screenshot', artifact_id: artifact.id, sha256: artifact.sha256 }]
    };
  });
}

/** The same, and the HTML around what the candidates found, or of all the page: bounded, and no secrets in it. */
export async function report(page: Page, artifacts: ArtifactSink, candidates: Candidate[]): Promise<Seen> {
  const html = await attempted(() => excerpt(page, artifacts, candidates));
  const shot = await picture(page, artifacts);
  return { artifacts: [...shot.artifacts, ...html.artifacts], proofs: [...shot.proofs, ...html.proofs] };
}

async function excerpt(page: Page, artifacts: ArtifactSink, candidates: Candidate[]): Promise<Seen> {
  const seen = await page.ask<{ url: string; title: string; state: string; html: string }>('excerpt', {
    candidates,
    room: EXCERPT_ROOM
  });
  const head = [`address: ${seen.url}`, `title: ${seen.title}`, `document: ${seen.state}`, ...page.alerts.map(said)];
  const text = `<!--\n${head.map((line) => line.replaceAll('--', '- -')).join('\n')}\n-->\n${seen.html}\n`;
  const artifact = await artifacts.store(Buffer.from(text), 'html', 'text/html; charset=utf-8');
  return {
    artifacts: [artifact],
    proofs: [
      { kind: 'url', value: seen.url.slice(0, 2000) },
      { kind: 'page', artifact_id: artifact.id, sha256: artifact.sha256 }
    ]
  };
}

const said = (text: string): string => `dialog: ${text.slice(0, 500)}`;

async function attempted(task: () => Promise<Seen>): Promise<Seen> {
  try {
    return await task();
  } catch (error) {
    if (isLoss(error) || isControlError(error, 'CANCELLED')) throw error;
    return { artifacts: [], proofs: [] };
  }
}

/** The failure takes along what the page was like; it is reported as it is when that cannot be had. */
export async function addReport(
  page: Page,
  artifacts: ArtifactSink,
  error: ControlError,
  candidates: Candidate[]
): Promise<void> {
  try {
    const { artifacts: taken, proofs } = await report(page, artifacts, candidates);
    const url = proofs.find(({ kind }) => kind === 'url')?.value;
    Object.assign(error.details, {
      ...(taken.length > 0 && { artifacts: taken }),
      ...(url !== undefined && !('url' in error.details) && { url }),
      ...(page.alerts.length > 0 && { dialogs: page.alerts.map((text) => text.slice(0, 500)) })
    });
  } catch {
    // The failure itself is what is reported.
  }
}

/** The selectors of a step, of any kind. */
export const selectorsOf = (step: Step) => [
  ...('selectors' in step && step.selectors ? [step.selectors] : []),
  ...('to' in step && step.to ? [step.to] : []),
  ...('until' in step && step.until ? [step.until] : [])
];
