import type { AskedBy, AuditEntry, Write } from '../../actors/host/contract.ts';
import type { Client } from '../auth/tokens.ts';

export const whoOf = ({ service, tokenId }: Pick<Client, 'service' | 'tokenId'>): AskedBy => ({
  service,
  token_id: tokenId
});

/** What a client asked for, as the audit log has it. */
export const asked = (client: Pick<Client, 'service' | 'tokenId'>, entry: AuditEntry): AuditEntry => ({
  ...whoOf(client),
  ...entry
});

/** The same, to go with the step that it asks for: refused, neither is written. */
export const audited = (client: Pick<Client, 'service' | 'tokenId'>, entry: AuditEntry): { writes: Write[] } => ({
  writes: [{ into: 'audit', row: asked(client, entry) }]
});
