/** `troupe approve`, `deny`, `takeover`, `handback` and `cancel`: one thing by its id, or by the beginning of it. */
import type { Api } from './api.ts';
import { type AddCommand, type ClientFlags, connect, withClientFlags } from './context.ts';
import { CliError, EXIT } from './exit.ts';
import { readParams } from './run.ts';

interface View {
  state: string;
}

interface Verb {
  name: string;
  description: string;
  collection: 'approvals' | 'commands' | 'sessions';
  /** Of an item of the collection. */
  id: 'approval_id' | 'command_id' | 'session_id';
  /** What is sent along as words of the person. */
  words?: 'note' | 'reason';
  /** The person may change params of what they let out. */
  edits?: boolean;
  /** Behind the item's own path. */
  path: string;
  body?: Record<string, unknown>;
}

const approval = { collection: 'approvals', id: 'approval_id', words: 'note', path: '' } as const;
const session = { collection: 'sessions', id: 'session_id' } as const;

const verbs: Verb[] = [
  {
    name: 'approve',
    description: 'let what waits for a person out',
    ...approval,
    edits: true,
    body: { decision: 'allow' }
  },
  { name: 'deny', description: 'do not let it out; its command ends', ...approval, body: { decision: 'deny' } },
  { name: 'takeover', description: 'drive a session yourself; its commands wait', ...session, path: '/takeover' },
  { name: 'handback', description: 'give the session back; its commands go on', ...session, path: '/handback' },
  {
    name: 'cancel',
    description: 'end a command before its next step',
    collection: 'commands',
    id: 'command_id',
    words: 'reason',
    path: '/cancel',
    body: {}
  }
];

const adds =
  ({ name, description, collection, id: field, words, edits, path, body }: Verb): AddCommand =>
  (program, context, ends) => {
    const command = withClientFlags(program.command(name))
      .description(description)
      .argument('<ID>', `of one of 'troupe ${collection}'; its beginning will do`);
    if (words) command.option(`--${words} <TEXT>`, 'why, for the log');
    if (edits) {
      command
        .option('--text <TEXT>', 'with this text instead of the one that was asked for')
        .option('--param <K=V>', 'with another parameter, as text; K:=JSON for anything else', collect, []);
    }
    command.action(async (given: string, flags: VerbFlags) => {
      const edited = editsOf(flags);
      const { api, terminal } = connect(flags, context);
      const id = await idOf(api, collection, field, given);
      const said = words && flags[words];
      const view = await api.call<View>(
        'POST',
        `/v1/${collection}/${encodeURIComponent(id)}${path}`,
        body && { ...body, ...(words && said !== undefined ? { [words]: said } : {}), ...(edited && { edited }) }
      );
      terminal.people ? terminal.line(`${view.state}  ${id}`) : terminal.json(view);
      ends(EXIT.done);
    });
  };

interface VerbFlags extends ClientFlags {
  note?: string;
  reason?: string;
  text?: string;
  param?: string[];
}

const collect = (value: string, all: string[]) => [...all, value];

function editsOf({ text, param = [] }: VerbFlags): Record<string, unknown> | undefined {
  const edited = { ...readParams(param), ...(text === undefined ? {} : { text }) };
  return Object.keys(edited).length > 0 ? edited : undefined;
}

const WHOLE = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** How many of the newest an abbreviation is looked for among. */
const REACH = 500;

/** @throws CliError usage, when none of the newest begins so, or more than one does */
async function idOf(api: Api, collection: string, field: string, given: string): Promise<string> {
  const beginning = given.toLowerCase();
  if (WHOLE.test(beginning)) return beginning;
  if (!/^[0-9a-f-]{4,35}$/.test(beginning)) {
    throw new CliError(`'${given}' is not an id, nor four or more characters of its beginning`, EXIT.usage);
  }
  const { items } = await api.call<{ items: Record<string, string>[] }>('GET', `/v1/${collection}?limit=${REACH}`);
  const ids = items.map((item) => item[field] as string).filter((id) => id.startsWith(beginning));
  if (ids.length === 1) return ids[0] as string;
  const found =
    ids.length === 0 ? `none of the newest ${REACH} ${collection} begins so` : `it could be ${ids.join(', ')}`;
  throw new CliError(`'${given}': ${found}; give the whole id`, EXIT.usage);
}

export const addVerbs: AddCommand[] = verbs.map(adds);
