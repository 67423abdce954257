import type { SelectorView } from '../../schemas/generated/contracts.ts';
import { type AddCommand, type ClientFlags, connect, withClientFlags } from './context.ts';
import { EXIT } from './exit.ts';
import { printable, table } from './terminal.ts';

interface ListFlags extends ClientFlags {
  platform?: string;
  name?: string;
  state?: string;
}

interface DecideFlags extends ClientFlags {
  selector?: string;
  note?: string;
}

const HEADING = ['PLATFORM', 'NAME', 'STATE', 'VERSION', 'SWEPT', 'LAST SEEN', 'WHY'];

export const addSelectors: AddCommand = (program, context, ends) => {
  const selectors = program
    .command('selectors')
    .description('how the selectors of each platform do: list, accept, reject');

  withClientFlags(selectors.command('list', { isDefault: true }))
    .description('every name, by platform')
    .option('--platform <NAME>', 'only of this platform')
    .option('--name <NAME>', 'only this one')
    .option('--state <STATE>', 'only those that are: unknown, ok, ambiguous, healed, missing; commas between several')
    .action(async (flags: ListFlags) => {
      const { api, terminal } = connect(flags, context);
      const { platform, name, state } = flags;
      const filters = {
        ...(platform === undefined ? {} : { platform }),
        ...(name === undefined ? {} : { name }),
        ...(state === undefined ? {} : { state })
      };
      const all: SelectorView[] = [];
      for (let page: string | null = ''; page !== null; ) {
        const query = new URLSearchParams({ ...filters, limit: '500', ...(page ? { page } : {}) });
        const listed: { items: SelectorView[]; next_page: string | null } = await api.call(
          'GET',
          `/v1/selector_registry?${query}`
        );
        all.push(...listed.items);
        page = listed.next_page;
      }
      if (terminal.people) for (const line of table([HEADING, ...all.map(row)])) terminal.line(line);
      else for (const view of all) terminal.json(view);
      ends(EXIT.done);
    });

  for (const decision of ['accept', 'reject'] as const) {
    withClientFlags(selectors.command(decision))
      .description(
        decision === 'accept'
          ? 'take the healed element for the one that was meant: commands that wait for it go on'
          : 'it is not the one: commands that wait for it fail, and it is not proposed again'
      )
      .argument('<PLATFORM>')
      .argument('<NAME>')
      .option('--selector <SELECTOR>', 'the one that is meant; refused when another is in quarantine by now')
      .option('--note <TEXT>', 'why')
      .action(async (platform: string, name: string, flags: DecideFlags) => {
        const { api, terminal } = connect(flags, context);
        const path = `/v1/selector_registry/${encodeURIComponent(platform)}/${encodeURIComponent(name)}`;
        const view = await api.call<SelectorView>('POST', path, {
          decision,
          ...(flags.selector === undefined ? {} : { selector: flags.selector }),
          ...(flags.note === undefined ? {} : { note: flags.note })
        });
        if (terminal.people) terminal.line(`${view.name} is ${view.state}, version ${view.version}`);
        else terminal.json(view);
        ends(EXIT.done);
      });
  }
};

const row = (view: SelectorView): string[] => [
  view.platform,
  view.name,
  view.state,
  String(view.version),
  view.swept_at ?? 'never',
  view.last_seen_at ?? 'never',
  printable(view.why ?? '')
];
