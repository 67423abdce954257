import { account, list, type Operations, paging, platform } from '../operation.ts';

export const seen: Operations = {
  'GET /v1/posts': {
    id: 'listPosts',
    tag: 'commands',
    summary: 'List posts that flows have seen, newest first',
    description:
      'By when each was seen first. A flow feeds them whose action extracts `post_url` and fields beside it.',
    scope: 'read:posts',
    query: { platform, account_id: account, ...paging },
    answers: { 200: list('PostView', 'A page of them.') }
  },
  'GET /v1/posts/:id/stats': {
    id: 'listPostStats',
    tag: 'commands',
    summary: 'List the figures of a post as they were seen, newest first',
    scope: 'read:posts',
    query: paging,
    answers: { 200: list('PostStats', 'A page of them.') },
    errors: ['POST_NOT_FOUND']
  },
  'GET /v1/dm_threads': {
    id: 'listDmThreads',
    tag: 'commands',
    summary: 'List threads of messages that flows have seen, newest first',
    description:
      'By when each was seen first. A flow feeds them whose action extracts `thread_url` and fields beside it.',
    scope: 'read:dm_threads',
    query: { platform, account_id: account, ...paging },
    answers: { 200: list('DmThreadView', 'A page of them.') }
  },
  'GET /v1/sora/drafts': {
    id: 'listSoraDrafts',
    tag: 'commands',
    summary: 'List videos of the generator that flows have seen, newest first',
    description: 'By when each was seen first. `sora.generate` and `sora.usage` feed them.',
    scope: 'read:sora',
    query: { platform, account_id: account, ...paging },
    answers: { 200: list('SoraDraftView', 'A page of them.') }
  },
  'GET /v1/sora/usage': {
    id: 'listSoraUsage',
    tag: 'commands',
    summary: 'List what videos have cost, as it was read, newest first',
    description: 'One item for each `sora.usage` that read it: the first is how it stands.',
    scope: 'read:sora',
    query: { platform, account_id: account, ...paging },
    answers: { 200: list('SoraUsageView', 'A page of them.') }
  }
};
