import type { ProfileKeyRotated, ProfileKeyView } from '../../schemas/generated/contracts.ts';
import { type AddCommand, type ClientFlags, connect, withClientFlags } from './context.ts';
import { EXIT } from './exit.ts';
import { table } from './terminal.ts';

export const addKey: AddCommand = (program, context, ends) => {
  const key = program.command('key').description('the keys that seal stored logins: list, rotate, remove');

  withClientFlags(key.command('list'))
    .description('all keys, with how many logins each seals; never a key itself')
    .action(async (flags: ClientFlags) => {
      const { api, terminal } = connect(flags, context);
      const { items } = await api.call<{ items: ProfileKeyView[] }>('GET', '/v1/profile_keys');
      if (terminal.people) for (const line of table([HEADING, ...items.map(row)])) terminal.line(line);
      else for (const item of items) terminal.json(item);
      ends(EXIT.done);
    });

  withClientFlags(key.command('rotate'))
    .description('make a new key and seal every stored login with it at once; older keys stay until they are removed')
    .action(async (flags: ClientFlags) => {
      const { api, terminal } = connect(flags, context);
      const done = await api.call<ProfileKeyRotated>('POST', '/v1/profile_keys/rotate');
      if (terminal.people) {
        terminal.line(`key ${done.key_id} is active; ${done.resealed} logins sealed with it`);
        for (const one of done.failed) terminal.line(`not ${one.platform}/${one.account_id}: ${one.code}`);
      } else terminal.json(done);
      ends(done.failed.length === 0 ? EXIT.done : EXIT.failed);
    });

  withClientFlags(key.command('remove'))
    .description('forget a key that seals nothing any more; a backup from its time opens no login then')
    .argument('<ID>', 'its id, as list shows it')
    .action(async (id: string, flags: ClientFlags) => {
      const { api, terminal } = connect(flags, context);
      await api.call('DELETE', `/v1/profile_keys/${encodeURIComponent(id)}`);
      if (terminal.people) terminal.line(`removed ${id}`);
      else terminal.json({ key_id: id, removed: true });
      ends(EXIT.done);
    });
};

const HEADING = ['KEY_ID', 'STATE', 'CREATED', 'LOGINS'];

const row = ({ key_id, active, created_at, profiles }: ProfileKeyView): string[] => [
  key_id,
  active ? 'active' : 'old',
  created_at,
  String(profiles)
];
