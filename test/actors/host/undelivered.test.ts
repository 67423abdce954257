/** What a killed process had told and nobody had heard. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assign, setup } from 'xstate';
import type { ActorHost, ActorKind } from '../../../actors/host/contract.ts';
import { createEmbeddedHost } from '../../../actors/host/embedded-host.ts';
import { hostActions } from '../../../machines/protocol.ts';
import { MemoryJournal } from '../../support/memory-journal.ts';

const listener = setup({ types: { context: {} as { heard: string[] } } }).createMachine({
  id: 'listener',
  context: { heard: [] },
  on: { word: { actions: assign({ heard: ({ context, event }) => [...context.heard, event.text as string] }) } }
});
const say = (text: string) => ({
  type: 'tell' as const,
  params: { to: 'listener/one', event: { type: 'word', text } }
});
const speaker = setup({ actions: { ...hostActions } }).createMachine({
  id: 'speaker',
  on: { speak: { actions: say('before the crash') }, 'host.resumed': { actions: say('after the crash') } }
});
/** Made anew in each process: its first step has the same name each time. */
const fleeting = setup({ actions: { ...hostActions }, types: { input: {} as { text: string } } }).createMachine({
  id: 'fleeting',
  entry: {
    type: 'tell',
    params: ({ event }) => ({
      to: 'listener/one',
      event: { type: 'word', text: (event as unknown as { input: { text: string } }).input.text }
    })
  }
});

const kinds: ActorKind[] = [
  { kind: 'listener', machine: listener, durable: true },
  { kind: 'speaker', machine: speaker, durable: true },
  { kind: 'fleeting', machine: fleeting, durable: false }
];

/** A process on what the one before left; `isDeaf`: what is told in it arrives nowhere. */
async function next(journal: MemoryJournal, { isDeaf = false, root }: { isDeaf?: boolean; root?: string } = {}) {
  const host = createEmbeddedHost({
    journal,
    kinds,
    roots: () => (root === undefined ? [] : [{ address: 'fleeting/main', input: { text: root } }]),
    carry: (mail, arrive) => (isDeaf && mail.kind === 'tell' ? undefined : arrive())
  });
  await host.start();
  return host;
}

const hears = async (host: ActorHost, count: number) => {
  const view = await host.waitFor('listener/one', ({ context }) => (context.heard as string[]).length >= count, {
    timeoutMs: 60_000
  });
  return view?.context.heard;
};

describe('what was told and not heard when the process was killed', () => {
  it('is heard before anything the same sender tells after it', async (t) => {
    const journal = new MemoryJournal();
    const before = await next(journal, { isDeaf: true });
    await before.create('listener/one', {});
    await before.create('speaker/one', {});
    await before.send('speaker/one', { type: 'speak' });

    const host = await next(journal.crash());
    t.after(() => host.stop());
    assert.deepEqual(await hears(host, 2), ['before the crash', 'after the crash']);
  });

  it('is void when its sender died with the process, and does not stand in for what the next one tells', async (t) => {
    const journal = new MemoryJournal();
    const before = await next(journal, { isDeaf: true, root: 'of the first process' });
    await before.create('listener/one', {});

    const left = journal.crash();
    const host = await next(left, { root: 'of the second process' });
    t.after(() => host.stop());
    assert.deepEqual(await hears(host, 1), ['of the second process']);
    assert.deepEqual((await left.outbox(['listener'], 0, 10)).rows, []);
  });
});
