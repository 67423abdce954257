import Router from '@koa/router';
import { type Context, field, here, type Parts, type RequestState } from '../context.ts';
import { page } from '../pages/layout.ts';
import { threadMain, threadsMain } from '../pages/messages.ts';
import { loginWallMain, messageMain } from '../pages/plain.ts';
import { otherIn, type Thread } from '../state.ts';
import { write } from '../writes.ts';
import { seeOther, send } from './pages.ts';

const LONGEST_MESSAGE = 2000;

/** What accounts write to each other. Nobody else can see it. */
export function messageRoutes(parts: Parts): Router<RequestState> {
  const { state } = parts;
  let renders = 0;

  const show = (ctx: Context, title: string, main: ReturnType<typeof messageMain>) =>
    send(
      ctx,
      page({ title, main, account: ctx.state.account, asked: ctx.state.asked, here: here(ctx), at: 'messages' })
    );

  const showThread = (ctx: Context, thread: Thread, notice?: string) => {
    renders += 1;
    const { asked } = ctx.state;
    const account = ctx.state.account!;
    const renderId = `thread-${renders}`;
    const main = threadMain({ state, thread, account, asked, renderId, ...(notice ? { notice } : {}) });
    show(ctx, `Messages with ${state.account(otherIn(thread, account.name))!.fullName}`, main);
  };

  const threadOf = (ctx: Context): Thread | undefined => {
    const thread = state.thread(ctx.params.id!, ctx.state.account!.name);
    if (!thread) {
      ctx.status = 404;
      show(ctx, 'Not found', messageMain('Not found', `You have no messages ${ctx.params.id}.`));
    }
    return thread;
  };

  return new Router<RequestState>({ prefix: '/messages' })
    .use((ctx, next) => {
      if (ctx.state.account) return next();
      ctx.status = ctx.method === 'GET' ? 200 : 401;
      show(ctx, 'Messages', loginWallMain(here(ctx), 'to see your messages'));
      return undefined;
    })
    .get('/', (ctx) => show(ctx, 'Messages', threadsMain(state, ctx.state.account!, ctx.state.asked)))
    .get('/with/:name', (ctx) => {
      const account = ctx.state.account!;
      const other = state.account(ctx.params.name);
      if (!other || other === account) {
        ctx.status = 404;
        return show(
          ctx,
          'Not found',
          messageMain('Not found', `There is nobody called ${ctx.params.name} to write to.`)
        );
      }
      showThread(ctx, state.threadBetween(account.name, other.name));
    })
    .get('/:id', (ctx) => {
      const thread = threadOf(ctx);
      if (!thread) return;
      thread.unread.delete(ctx.state.account!.name);
      showThread(ctx, thread);
    })
    .post('/:id', async (ctx) => {
      const thread = threadOf(ctx);
      if (!thread) return;
      const account = ctx.state.account!;
      const text = (field(ctx, 'text') ?? '').replaceAll('\r\n', '\n').trim();
      const problem =
        text === ''
          ? 'Write something first.'
          : text.length > LONGEST_MESSAGE
            ? `At most ${LONGEST_MESSAGE} characters.`
            : null;
      if (problem) {
        ctx.status = 422;
        return showThread(ctx, thread, problem);
      }
      const answers = await write(parts, ctx, 'message', () => {
        state.addMessage(thread, account.name, text);
        return { text, to: otherIn(thread, account.name) };
      });
      if (answers) seeOther(ctx, `/messages/${thread.id}${ctx.state.asked.query}`);
    });
}
