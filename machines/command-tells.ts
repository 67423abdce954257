/** What a command tells its session, the registry of selectors and its approval, and the pictures that it keeps. */
import type { ArtifactRef, CommandContext } from './command-context.ts';
import { healedIn, picturesOf } from './command-failures.ts';
import { timeOf } from './command-records.ts';
import { actionAt, type With } from './command-words.ts';
import { selectorAddress } from './protocol.ts';
import type { Finding } from './selector-context.ts';

const tellSession = (event: (context: CommandContext) => { type: string; [key: string]: unknown }) => ({
  type: 'tell' as const,
  params: ({ context }: With) => ({ to: `session/${context.sessionId}`, event: event(context) })
});
export const submit = tellSession(({ commandId, envelope }) =>
  envelope.type === 'session.close'
    ? { type: 'session.close', reason: 'asked', commandId }
    : { type: 'command.submitted', commandId, priority: envelope.priority ?? 3 }
);
/** The session asks nobody else to drive until a person has. */
export const blocked = tellSession(({ commandId, needs }) => ({ type: 'command.blocked', commandId, failure: needs }));
export const letGo = tellSession(({ commandId }) => ({ type: 'command.released', commandId }));

/** The registry hears how its names did; of a dry run, and of a look whose action proved nothing, only what waits on it. */
const report = (toldOf: (context: CommandContext) => Finding[]) =>
  [
    {
      type: 'create' as const,
      params: ({ context }: With) =>
        toldOf(context).map(({ name }) => {
          const { platform } = context.envelope.target;
          return { address: selectorAddress(platform, name), input: { platform, name }, ifAbsent: true };
        })
    },
    {
      type: 'tell' as const,
      params: ({ context }: With) =>
        toldOf(context).map((finding) => ({
          to: selectorAddress(context.envelope.target.platform, finding.name),
          event: {
            type: 'selector.found',
            finding,
            sweep: (actionAt(context)?.sweep?.names ?? []).includes(finding.name),
            commandId: context.commandId
          }
        }))
    }
  ] as const;
export const reportFindings = report(({ envelope, findings }) => (envelope.dry_run ? [] : (findings ?? [])));
export const reportTrouble = report(({ envelope, findings }) =>
  envelope.dry_run ? [] : (findings ?? []).filter(({ state }) => state !== 'ok')
);
export const awaitDecision = {
  type: 'tell' as const,
  params: ({ context }: With) =>
    healedIn(context).map(({ name, healed }) => ({
      to: selectorAddress(context.envelope.target.platform, name),
      event: { type: 'selector.awaited', commandId: context.commandId, selector: healed?.selector ?? null }
    }))
};

export const withdrawApproval = {
  type: 'tell' as const,
  params: ({ context }: With) => ({
    to: `approval/${context.approvalId}`,
    event: { type: 'approval.withdraw', reason: `its command ended: ${context.stop?.failure.message ?? 'cancelled'}` }
  })
};

const keep = (artifactsOf: (context: CommandContext) => ArtifactRef[]) => ({
  type: 'record' as const,
  params: ({ context, event }: With & { event: unknown }) =>
    artifactsOf(context).map((artifact) => ({
      into: 'artifacts',
      row: {
        ...artifact,
        command_id: context.commandId,
        account_id: context.envelope.target.account_id ?? null,
        created_at: timeOf(event)
      }
    }))
});
export const keepArtifacts = keep(({ verdict }) => verdict?.artifacts ?? []);

/** The page that asks for a person. */
export const keepNeed = keep(({ needs }) => (needs?.details?.artifacts ?? []) as ArtifactRef[]);

export const keepPicture = keep(picturesOf);
