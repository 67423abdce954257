/** The ways a machine can be taken away: as its definition, as a diagram for documents, as SCXML for tools. */
import type { MachineNode } from '../../../schemas/generated/contracts.ts';
import { mermaidOf } from './mermaid.ts';
import { scxmlOf } from './scxml.ts';

export interface Format {
  type: string;
  extension: string;
  /** undefined: the JSON answer as it is. */
  write?(root: MachineNode, kind: string, version: string): string;
}

export const formats = {
  json: { type: 'application/json', extension: 'json' },
  mermaid: { type: 'text/vnd.mermaid', extension: 'mmd', write: mermaidOf },
  scxml: { type: 'application/scxml+xml', extension: 'scxml', write: scxmlOf }
} satisfies Record<string, Format>;

export type FormatName = keyof typeof formats;
export const formatNames = Object.keys(formats) as FormatName[];
