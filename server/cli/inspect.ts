import type { SignInLink } from '../../schemas/generated/contracts.ts';
import { type AddCommand, type ClientFlags, connect, withClientFlags } from './context.ts';
import { EXIT } from './exit.ts';

/** `troupe inspect`: a new link into the inspector of a running instance. */
export const addInspect: AddCommand = (program, context, ends) => {
  withClientFlags(program.command('inspect'))
    .description('a link that signs you in to the inspector, good once')
    .action(async (flags: ClientFlags) => {
      const { api, terminal, connection } = connect(flags, context);
      const link = await api.call<SignInLink>('POST', '/v1/sign-in/links');
      const url = connection.control + link.path;
      if (terminal.people) {
        terminal.line(url);
        terminal.note(`good once, until ${link.expires_at}`);
      } else terminal.json({ url, expires_at: link.expires_at });
      ends(EXIT.done);
    });
};
