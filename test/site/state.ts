import { randomInt, randomUUID } from 'node:crypto';
import { randomFrom } from './random.ts';
import { type Account, accounts, posts as seedPosts, threads as seedThreads } from './seed.ts';

export interface Comment {
  id: string;
  author: string;
  text: string;
  /** As people read it: '2 h', 'now'. */
  when: string;
}

export interface Post {
  id: string;
  author: string;
  body: string;
  when: string;
  /** Seed of its picture; null without one. */
  picture: number | null;
  /** Likes of people who are not accounts here. */
  strangersLikes: number;
  likedBy: Set<string>;
  /** Oldest first. */
  comments: Comment[];
}

export interface Message {
  author: string;
  text: string;
  when: string;
}

/** What two accounts have written to each other. */
export interface Thread {
  id: string;
  between: [string, string];
  /** Oldest first. */
  messages: Message[];
  /** How many of the other's messages each has not seen. */
  unread: Map<string, number>;
}

/** Everything the site knows, in memory. Two sites of one seed are the same until somebody writes. */
export class SiteState {
  readonly seed: number;
  /** Cookie value → account name. Kept over `reset`, so that an open browser stays logged in. */
  readonly #sessions = new Map<string, string>();
  /** Logins that wait for their code, by the ticket in the browser's cookie. */
  readonly #pending = new Map<string, { account: string; code: string }>();
  #posts = new Map<string, Post>();
  #threads: Thread[] = [];
  #lastComment = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.reset();
  }

  /** Back to the seed. */
  reset(): void {
    const random = randomFrom(this.seed);
    this.#lastComment = 0;
    this.#posts = new Map(
      seedPosts.map((seed, i): [string, Post] => [
        String(i + 1),
        {
          id: String(i + 1),
          author: seed.author,
          body: seed.body,
          when: seed.when,
          picture: seed.picture ? this.seed * 100 + i : null,
          strangersLikes: 3 + Math.floor(random() * 240),
          likedBy: new Set(),
          comments: seed.comments.map((comment) => ({ id: this.#nextCommentId(), ...comment }))
        }
      ])
    );
    this.#threads = seedThreads.map(({ between, messages, unread }, i) => ({
      id: String(i + 1),
      between,
      messages: messages.map((message) => ({ ...message })),
      unread: new Map(Object.entries(unread))
    }));
  }

  /** Of this account, the one written to last first. */
  threadsOf(account: string): Thread[] {
    return this.#threads.filter(({ between }) => between.includes(account));
  }

  /** Only of somebody who is in it. */
  thread(id: string, account: string): Thread | undefined {
    return this.threadsOf(account).find((thread) => thread.id === id);
  }

  /** Theirs, made when there is none. */
  threadBetween(account: string, other: string): Thread {
    const known = this.threadsOf(account).find(({ between }) => between.includes(other));
    if (known) return known;
    const id = String(this.#threads.length + 1);
    const thread: Thread = { id, between: [account, other], messages: [], unread: new Map() };
    this.#threads.push(thread);
    return thread;
  }

  /** Puts the thread on top. */
  addMessage(thread: Thread, author: string, text: string): void {
    const to = otherIn(thread, author);
    thread.messages.push({ author, text, when: 'now' });
    thread.unread.set(to, (thread.unread.get(to) ?? 0) + 1);
    this.#threads = [thread, ...this.#threads.filter((one) => one !== thread)];
  }

  get posts(): Post[] {
    return [...this.#posts.values()];
  }

  post(id: string): Post | undefined {
    return this.#posts.get(id);
  }

  account(name: string | null | undefined): Account | undefined {
    return accounts.find((account) => account.name === name);
  }

  addComment(post: Post, author: string, text: string): Comment {
    const comment = { id: this.#nextCommentId(), author, text, when: 'now' };
    post.comments.push(comment);
    return comment;
  }

  /** Whether it changed anything: liking what one likes already does not. */
  setLike(post: Post, account: string, liked: boolean): boolean {
    if (post.likedBy.has(account) === liked) return false;
    if (liked) post.likedBy.add(account);
    else post.likedBy.delete(account);
    return true;
  }

  likes(post: Post): number {
    return post.strangersLikes + post.likedBy.size;
  }

  /** The value of a new session cookie. */
  logIn(account: string): string {
    const id = randomUUID();
    this.#sessions.set(id, account);
    return id;
  }

  logOut(session: string): void {
    this.#sessions.delete(session);
  }

  /** Values of the cookies that are this account's now. */
  sessionsOf(account: string): string[] {
    return [...this.#sessions].filter(([, name]) => name === account).map(([session]) => session);
  }

  /** In every browser. */
  expire(account: string): void {
    for (const [session, name] of this.#sessions) if (name === account) this.#sessions.delete(session);
  }

  /** The password was right; the code that was sent is still to come. */
  begin(account: string): { ticket: string; code: string } {
    const ticket = randomUUID();
    const code = String(randomInt(100_000, 1_000_000));
    this.#pending.set(ticket, { account, code });
    return { ticket, code };
  }

  /** The newest code that was sent to this person. */
  codeOf(account: string): string | undefined {
    return [...this.#pending.values()].findLast((one) => one.account === account)?.code;
  }

  /** Whose login this code ends; a code works once. */
  confirm(ticket: string | undefined, code: string): string | undefined {
    const pending = ticket === undefined ? undefined : this.#pending.get(ticket);
    if (!pending || pending.code !== code) return undefined;
    this.#pending.delete(ticket as string);
    return pending.account;
  }

  isPending(ticket: string | undefined): boolean {
    return ticket !== undefined && this.#pending.has(ticket);
  }

  accountOf(session: string | undefined): Account | undefined {
    return session === undefined ? undefined : this.account(this.#sessions.get(session));
  }

  #nextCommentId(): string {
    this.#lastComment += 1;
    return `c${this.#lastComment}`;
  }
}

/** Whom `account` writes to there. */
export const otherIn = ({ between }: Thread, account: string): string =>
  between[0] === account ? between[1] : between[0];
