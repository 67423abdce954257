import Router from '@koa/router';
import { videoFile } from '../assets.ts';
import { type Context, field, here, type Parts, type RequestState } from '../context.ts';
import type { Markup } from '../html.ts';
import { page } from '../pages/layout.ts';
import { loginWallMain, messageMain } from '../pages/plain.ts';
import { usageMain, videoMain, videosMain } from '../pages/videos.ts';
import { CREDITS_A_VIDEO, type Video } from '../videos.ts';
import { write } from '../writes.ts';
import { seeOther, send } from './pages.ts';

const LONGEST_PROMPT = 2000;

/** Videos from prompts. They belong to who asked for them. */
export function videoRoutes(parts: Parts): Router<RequestState> {
  const { videos } = parts;
  const file = videoFile();
  let renders = 0;

  const show = (ctx: Context, title: string, main: Markup) =>
    send(ctx, page({ title, main, account: ctx.state.account, asked: ctx.state.asked, here: here(ctx), at: 'videos' }));

  const showAll = (ctx: Context, notice: string | null = null) => {
    renders += 1;
    show(ctx, 'Videos', videosMain(videos, ctx.state.account!, ctx.state.asked, `videos-${renders}`, notice));
  };

  const videoOf = (ctx: Context): Video | undefined => {
    const video = videos.video(ctx.params.id!, ctx.state.account!.name);
    if (!video) {
      ctx.status = 404;
      show(ctx, 'Not found', messageMain('Not found', `You have no video ${ctx.params.id}.`));
    }
    return video;
  };

  return new Router<RequestState>({ prefix: '/videos' })
    .use((ctx, next) => {
      if (ctx.state.account) return next();
      ctx.status = ctx.method === 'GET' ? 200 : 401;
      show(ctx, 'Videos', loginWallMain(here(ctx), 'to make videos'));
      return undefined;
    })
    .get('/', (ctx) => showAll(ctx))
    .get('/usage', (ctx) => show(ctx, 'Usage', usageMain(videos, ctx.state.account!)))
    .get('/:id', (ctx) => {
      const video = videoOf(ctx);
      if (video) show(ctx, 'Video', videoMain(videos, video));
    })
    .get('/:id/file', (ctx) => {
      const video = videoOf(ctx);
      if (!video) return;
      if (videos.stateOf(video) !== 'ready') {
        ctx.status = 409;
        return show(ctx, 'Not yet', messageMain('Not yet', 'The video is not ready.'));
      }
      ctx.type = 'video/mp4';
      ctx.set('content-disposition', `attachment; filename="${video.id}.mp4"`);
      ctx.body = file;
    })
    .post('/', async (ctx) => {
      const account = ctx.state.account!;
      const prompt = (field(ctx, 'prompt') ?? '').replaceAll('\r\n', '\n').trim();
      const problem =
        prompt === ''
          ? 'Describe your video first.'
          : prompt.length > LONGEST_PROMPT
            ? `At most ${LONGEST_PROMPT} characters.`
            : videos.creditsOf(account.name).left < CREDITS_A_VIDEO
              ? 'You have no credits left.'
              : null;
      if (problem) {
        ctx.status = 422;
        return showAll(ctx, problem);
      }
      const answers = await write(parts, ctx, 'video', () => {
        videos.submit(account.name, prompt);
        return { text: prompt };
      });
      if (answers) seeOther(ctx, `/videos${ctx.state.asked.query}`);
    });
}
