/**
 * A reply as JSON, for the way back of a key press: half the time of `JSON.stringify`, which looks for what a reply
 * cannot have. What has more to it than numbers and short words goes to `JSON.stringify` all the same.
 */
import type { RecipeReply, RecipeResult } from '../../schemas/generated/contracts.ts';

/** Nothing in it needs an escape. */
const PLAIN = /^[ !#-[\]-~]*$/;

export function replyText({ id, ok, timing_us: us, results, error }: RecipeReply): string {
  const text = `{"v":1,"id":${id === null ? 'null' : quoted(id)},"ok":${ok},"timing_us":{"recv":${us.recv},"decode":${us.decode},"dispatch":${us.dispatch},"exec":${us.exec},"total":${us.total}}`;
  if (error)
    return `${text}${results ? `,"results":${JSON.stringify(results)}` : ''},"error":${JSON.stringify(error)}}`;
  if (results === undefined) return `${text}}`;
  let list = '';
  for (const result of results) list += list === '' ? resultText(result) : `,${resultText(result)}`;
  return `${text},"results":[${list}]}`;
}

const resultText = (result: RecipeResult): string =>
  result.state === undefined && result.command_id === undefined
    ? `{"type":"${result.type}","ok":${result.ok},"us":${result.us}}`
    : JSON.stringify(result);

const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));
