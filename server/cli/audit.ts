/** `troupe audit` and `troupe audit verify`. */
import type { AuditRecord, AuditVerification } from '../../schemas/generated/contracts.ts';
import { type AddCommand, type ClientFlags, connect, withClientFlags } from './context.ts';
import { CliError, EXIT } from './exit.ts';
import { addListing, type Listing } from './lists.ts';

const short = (id: string | null) => id?.slice(0, 8);

const records: Listing<AuditRecord> = {
  name: 'audit',
  description: 'who asked for what and what came of it, newest first',
  filters: [
    { flag: '--action <NAME>', query: 'action', help: 'of one kind, like command.accepted or access.refused' },
    { flag: '--outcome <NAME>', query: 'outcome', help: 'that came to this, like refused or FAILED' },
    { flag: '--service <NAME>', query: 'service', help: 'asked for by one client' },
    { flag: '--command <ID>', query: 'command_id', help: 'of one command' },
    { flag: '--correlation <ID>', query: 'correlation_id', help: 'of one correlation id' },
    { flag: '--account <ID>', query: 'account_id', help: 'about one account' },
    { flag: '--since <TIME>', query: 'since', help: 'then or later, like 2026-01-31T09:00:00Z' }
  ],
  columns: [
    { heading: 'SEQ', cell: (r) => String(r.seq) },
    { heading: 'AT', cell: (r) => r.at.slice(0, 19).replace('T', ' ') },
    { heading: 'WHO', cell: (r) => r.service },
    { heading: 'WHAT', cell: (r) => r.action },
    { heading: 'OUTCOME', cell: (r) => r.outcome },
    { heading: 'ABOUT', cell: (r) => r.subject.replace(/[0-9a-f-]{36}$/, (id) => short(id) ?? id) },
    { heading: 'ACCOUNT', cell: (r) => r.account_id },
    { heading: 'HASH', cell: (r) => short(r.hash) }
  ]
};

export const addAudit: AddCommand = (program, context, ends) => {
  const audit = addListing(records)(program, context, ends);
  withClientFlags(audit.command('verify'))
    .description('whether the audit log is as it was written; 1 when it is not, and then where it begins not to be')
    .option('--anchor <SEQ:HASH>', 'a record as you kept it, from an earlier verify or the stream')
    .action(async (flags: ClientFlags & { anchor?: string }) => {
      const { api, terminal } = connect({ ...audit.opts<ClientFlags>(), ...flags }, context);
      const found = await api.call<AuditVerification>('GET', `/v1/audit/verify${anchorQuery(flags.anchor)}`);
      if (!terminal.people) terminal.json(found);
      else for (const line of linesOf(found)) terminal.line(line);
      ends(found.ok ? EXIT.done : EXIT.failed);
    });
};

function anchorQuery(anchor: string | undefined): string {
  if (anchor === undefined) return '';
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(anchor) ?? [];
  if (seq === undefined) {
    throw new CliError(
      `--anchor '${anchor.slice(0, 100)}' is not SEQ:HASH, such as 'troupe audit verify' prints`,
      EXIT.usage
    );
  }
  return `?seq=${seq}&hash=${hash}`;
}

const linesOf = ({ ok, checked, fault, head }: AuditVerification): string[] => [
  ok
    ? `whole: ${checked} records are as they were written`
    : `broken at record ${fault?.seq} (${fault?.problem}): ${fault?.detail}`,
  ...(ok ? [`keep this elsewhere, and ask with it later: --anchor ${head.seq}:${head.hash}`] : [])
];
