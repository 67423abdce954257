/**
 * POST /v1/commands, from a parsed body to a durable command.
 *
 * Two halves. First what the body alone decides: version, schema, type, payload, who may. Then, one sender of a key at a
 * time, whether it was sent before; and only for a new one what the world decides: flow, platform, deadline, session. So
 * a command that was accepted is answered again even when it would not be accepted today.
 */
import { accountAddress, settingsIn } from '../../actors/account/standing.ts';
import { planApproval } from '../../actors/command/approval-plan.ts';
import { asAttempted, reachesOf } from '../../actors/command/reaches.ts';
import type { ActorView, AuditEntry, Tables, Write } from '../../actors/host/contract.ts';
import { sealParams, withoutSealed } from '../../actors/profile/secret-params.ts';
import { ControlError, isControlError } from '../../schemas/errors.ts';
import type { CommandEnvelope } from '../../schemas/generated/contracts.ts';
import { demandAccount } from '../auth/accounts.ts';
import { allows, demand } from '../auth/scopes.ts';
import type { Client } from '../auth/tokens.ts';
import { assertShallow, parse } from '../contracts.ts';
import { asked } from './audited.ts';
import { canonicalHash } from './canonical.ts';
import { chooseSession } from './choose-session.ts';
import { type CommandType, commandType, commandTypes } from './command-types.ts';
import type { Control } from './deps.ts';
import { type PinnedFlow, runsScript } from './flow-registry.ts';
import { IdempotencyRows } from './idempotency.ts';
import { KeyedLock } from './keyed-lock.ts';

export interface Accepted {
  command: ActorView;
  /** It was there already; this is how it is now. */
  replayed: boolean;
}

export type AcceptCommand = (body: unknown, client: Client) => Promise<Accepted>;

export function commandAcceptor(control: Control): AcceptCommand {
  const lock = new KeyedLock();
  const rows = new IdempotencyRows(control.host.journal);
  return async (body, client) => {
    assertShallow(body, 'the command');
    const bodyHash = canonicalHash(body);
    const { envelope, type } = readBody(body);
    authorise(envelope, type, client);
    const keys = sentBefore(envelope);
    const locks = keys.map(({ key }) => key);
    return lock.with(locks, async () => {
      for (const key of keys) {
        const command = await replay(control, rows, key, bodyHash);
        if (command) return { command, replayed: true };
      }
      return { command: await create(control, envelope, type, client, keys, bodyHash), replayed: false };
    });
  };
}

function readBody(body: unknown): { envelope: CommandEnvelope; type: CommandType } {
  const version = (body as { version?: unknown } | null)?.version;
  if (version !== undefined && version !== '1.0') throw new ControlError('VERSION_UNSUPPORTED', { version });
  const envelope = parse.commandEnvelope(body);
  const type = commandType(envelope.type);
  if (!type) {
    throw new ControlError('COMMAND_TYPE_UNKNOWN', { type: envelope.type, known: Object.keys(commandTypes) });
  }
  type.parsePayload(envelope.payload);
  if (type.needsSession && envelope.target.session_id === undefined) {
    const errors = [{ path: '/target/session_id', message: `is missing; ${envelope.type} is about one session` }];
    throw new ControlError('VALIDATION_FAILED', { what: 'the command', errors });
  }
  return { envelope, type };
}

/** An admin may speak for any service. */
function authorise(envelope: CommandEnvelope, type: CommandType, client: Client): void {
  const { service } = envelope.requester;
  if (service !== client.service && !client.scopes.includes('admin')) {
    throw new ControlError('REQUESTER_MISMATCH', { service, client: client.service });
  }
  demand(client.scopes, type.scope(envelope));
  demandAccount(client, envelope.target.account_id);
}

interface SentKey {
  key: string;
  find(rows: IdempotencyRows): Promise<Tables['idempotency'] | undefined>;
  conflict(commandId: string): ControlError;
}

/** Under what it may have been sent before. The prefixes keep a client's key from looking like an id. */
function sentBefore({ command_id, idempotency_key, requester }: CommandEnvelope): SentKey[] {
  const keys: SentKey[] = [];
  if (idempotency_key !== undefined) {
    const key = `key:${idempotency_key}`;
    keys.push({
      key,
      find: (rows) => rows.ofKey(requester.service, key),
      conflict: (commandId) => new ControlError('IDEMPOTENCY_CONFLICT', { key: idempotency_key, commandId })
    });
  }
  if (command_id !== undefined) {
    const key = `id:${command_id}`;
    keys.push({
      key,
      find: (rows) => rows.ofCommand(command_id, key),
      conflict: (commandId) => new ControlError('COMMAND_ID_CONFLICT', { commandId })
    });
  }
  return keys;
}

async function replay(
  { host }: Control,
  rows: IdempotencyRows,
  sent: SentKey,
  bodyHash: string
): Promise<ActorView | undefined> {
  const row = await sent.find(rows);
  if (!row) return undefined;
  if (row.body_hash !== bodyHash) throw sent.conflict(row.command_id);
  const command = await host.read(`command/${row.command_id}`);
  if (!command) throw new ControlError('COMMAND_NOT_FOUND', { commandId: row.command_id });
  return command;
}

async function create(
  control: Control,
  asSent: CommandEnvelope,
  type: CommandType,
  client: Client,
  keys: SentKey[],
  bodyHash: string
): Promise<ActorView> {
  const { host, newId, now, platforms } = control;
  const sent = type.params ? { ...asSent, payload: { params: type.params(asSent, control.selectors) } } : asSent;
  if (!platforms.includes(sent.target.platform)) {
    throw new ControlError('PLATFORM_UNKNOWN', { platform: sent.target.platform, known: platforms });
  }
  const flowName = type.flow(sent);
  const named = flowName === null ? null : flowFor(control, flowName, sent, client);
  const flow = type.plan?.(sent, control.selectors) ?? named;
  const part = named && type.part ? type.part(named, sent) : null;
  const deadlineAt = sent.deadline_at === undefined ? null : Date.parse(sent.deadline_at);
  if (deadlineAt !== null && deadlineAt <= now()) {
    throw new ControlError('DEADLINE_PAST', { deadlineAt: sent.deadline_at as string });
  }

  const commandId = sent.command_id ?? newId();
  const envelope: CommandEnvelope = {
    ...sent,
    command_id: commandId,
    correlation_id: sent.correlation_id ?? newId(),
    requested_at: sent.requested_at ?? new Date(now()).toISOString()
  };
  const session = await chooseSession(control, commandId, envelope, type, client);
  try {
    // Who names a session acts for its account: what is allowed, and counted, is that account's.
    if (session.accountId !== null) envelope.target = { ...envelope.target, account_id: session.accountId };
    // Whom it reaches is read from the params as they are; all that is kept is made of them as they are sealed.
    const params = (envelope.payload.params ?? {}) as Record<string, unknown>;
    if (named && envelope.payload.params !== undefined) {
      const sealed = sealParams(control.profiles, named.params, params, commandId);
      envelope.payload = { ...envelope.payload, params: sealed };
    }
    const input = {
      commandId,
      correlationId: envelope.correlation_id,
      sessionId: session.sessionId,
      createSession: session.toMake,
      envelope,
      ...(flow
        ? await reaching(control, flow, envelope, params, {
            isTrusted: flow === named || client.scopes.includes('admin'),
            part
          })
        : noFlow),
      deadlineAt,
      allowScript: allows(client.scopes, 'script')
    };
    const writes: Write[] = keys.map(
      ({ key }): Write => ({
        into: 'idempotency',
        row: {
          service: envelope.requester.service,
          key,
          body_hash: bodyHash,
          command_id: commandId,
          created_at: now()
        }
      })
    );
    // Secrets that were sent are not in it either: a short one could be guessed by its hash.
    const kept = { ...sent, payload: envelope.payload };
    const shown = withoutSealed(kept);
    const shownHash = shown === kept ? bodyHash : canonicalHash(shown);
    writes.push({ into: 'audit', row: asked(client, acceptedEntry(envelope, flow, shownHash)) });
    return await host.create(`command/${commandId}`, input, { writes });
  } catch (error) {
    session.release();
    if (isControlError(error, 'ACTOR_EXISTS')) throw new ControlError('COMMAND_ID_CONFLICT', { commandId }, error);
    throw error;
  }
}

/** What was asked for; of its payload the hash alone, for it is what people write to each other. */
const acceptedEntry = (
  { type, requester, priority, dry_run, deadline_at }: CommandEnvelope,
  flow: PinnedFlow | null,
  bodyHash: string
): AuditEntry => ({
  action: 'command.accepted',
  outcome: 'accepted',
  detail: {
    type,
    body_hash: bodyHash,
    requester: { ...requester },
    ...(flow ? { flow: flow.name, flow_version: flow.version } : {}),
    ...(priority === undefined ? {} : { priority }),
    ...(dry_run ? { dry_run } : {}),
    ...(deadline_at === undefined ? {} : { deadline_at })
  }
});

/** The flow the command is pinned to, after its params, its platforms and its script were looked at. */
function flowFor({ flows }: Control, name: string, envelope: CommandEnvelope, client: Client): PinnedFlow {
  const flow = flows.get(name);
  if (!flow) {
    throw new ControlError('FLOW_UNKNOWN', { flow: name, known: flows.list().map((known) => known.name) });
  }
  const errors = flows.misfits(flow, envelope.payload.params);
  if (errors.length > 0) throw new ControlError('VALIDATION_FAILED', { what: `the payload for '${name}'`, errors });
  const { platform } = envelope.target;
  if (!flow.platforms.includes('*') && !flow.platforms.includes(platform)) {
    throw new ControlError('PLATFORM_NOT_SUPPORTED', { flow: name, platform, supported: flow.platforms });
  }
  if (runsScript(flow) && !allows(client.scopes, 'script')) {
    throw new ControlError('SCRIPT_FORBIDDEN', { step: `flow '${name}'` });
  }
  return flow;
}

const noFlow = { flow: null, approval: null };

/** The flow as it is run, whom it reaches, and how a person would be asked before it does. */
async function reaching(
  { host, limits, newId, now, selectors }: Control,
  flow: PinnedFlow,
  envelope: CommandEnvelope,
  params: Record<string, unknown>,
  { isTrusted, part }: { isTrusted: boolean; part: number[] | null }
) {
  const registry = selectors.get(envelope.target.platform);
  const all = reachesOf(flow, { params, registry, isTrusted });
  const whole = asAttempted(flow, all);
  const reaches = part ? part.map((place) => all[place]!) : all;
  const pinned = part ? { ...whole, actions: part.map((place) => whole.actions[place]!) } : whole;
  const reachesSomebody = reaches.some((reach) => reach !== 'nobody');
  if (envelope.dry_run || (flow.approval !== 'required' && !reachesSomebody)) {
    return { flow: pinned, reaches, approval: null };
  }
  // As its account is set now; the account is asked again before anything goes out.
  const { account_id: accountId, platform } = envelope.target;
  const account = accountId === undefined ? undefined : await host.read(accountAddress(platform, accountId));
  const settings = settingsIn(account?.context);
  const isRequired =
    flow.approval === 'required' ||
    (reaches.includes('message') && !settings.test_account) ||
    (settings.approval === 'required' && reachesSomebody);
  const approval = {
    approvalId: newId(),
    ...planApproval(pinned, envelope, reaches),
    expiresAt: now() + limits.approvalMs
  };
  return { flow: pinned, reaches, approval, waived: !isRequired };
}
