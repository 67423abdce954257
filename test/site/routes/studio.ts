import Router from '@koa/router';
import { type Context, field, here, type Parts, type RequestState } from '../context.ts';
import type { Markup } from '../html.ts';
import { framed, page } from '../pages/layout.ts';
import { messageMain } from '../pages/plain.ts';
import { partnerMain, placesMain, previewMain, studioMain, termsMain } from '../pages/studio.ts';
import { write } from '../writes.ts';

/** The studio and the windows and frames about it. */
export function studioRoutes(parts: Parts): Router<RequestState> {
  const send = (ctx: Context, markup: Markup) => {
    ctx.type = 'html';
    ctx.body = markup.text;
  };
  const show = (ctx: Context, title: string, main: Markup) =>
    send(ctx, page({ title, main, account: ctx.state.account, asked: ctx.state.asked, here: here(ctx) }));

  return new Router<RequestState>({ prefix: '/studio' })
    .get('/', (ctx) => show(ctx, 'Studio', studioMain()))
    .get('/next', (ctx) => show(ctx, 'Next', messageMain('Next', 'Another page.')))
    .get('/preview', (ctx) => show(ctx, 'Preview', previewMain()))
    .get('/places', (ctx) => show(ctx, 'Places', placesMain()))
    .get('/partner', (ctx) => send(ctx, framed('Partner', ctx.state.asked, partnerMain())))
    .get('/terms', (ctx) => send(ctx, framed('Terms', ctx.state.asked, termsMain())))
    .get('/export', (ctx) => {
      const { account } = ctx.state;
      if (!account) {
        ctx.status = 403;
        return;
      }
      ctx.type = 'text/csv';
      ctx.set('content-disposition', `attachment; filename="stories of ${account.name}.csv"`);
      ctx.body = `title,likes\r\n${Array.from({ length: 2000 }, (_, i) => `Story ${i},${i % 7}`).join('\r\n')}\r\n`;
    })
    .post('/stories', async (ctx) => {
      const answers = await write(parts, ctx, 'story', () => ({ text: field(ctx, 'story') ?? null }));
      if (answers) ctx.body = {};
    });
}
