/** What is on the site before anybody does anything. */

export interface Account {
  name: string;
  fullName: string;
  /** Plain: these people are made up, and tests type it. */
  password: string;
  about: string;
  /** Two hues of the avatar, degrees. */
  hues: [number, number];
}

export const accounts: readonly Account[] = [
  {
    name: 'alice',
    fullName: 'Alice Moreau',
    password: 'wonderland',
    about: 'Maps, mornings, mountain huts',
    hues: [12, 338]
  },
  { name: 'bob', fullName: 'Bob Okafor', password: 'builder', about: 'Bread, then bicycles', hues: [205, 238] },
  { name: 'chiara', fullName: 'Chiara Lindqvist', password: 'clarity', about: 'Printmaker', hues: [162, 190] },
  { name: 'dan', fullName: 'Dan Whitfield', password: 'daylight', about: 'Night trains', hues: [38, 18] },
  { name: 'emi', fullName: 'Emi Tanaka', password: 'evergreen', about: 'Ferns and film', hues: [96, 140] },
  { name: 'farid', fullName: 'Farid Nasser', password: 'fieldnote', about: 'فرید · words, both ways', hues: [268, 312] }
];

interface SeedPost {
  author: string;
  body: string;
  when: string;
  picture: boolean;
  comments: { author: string; text: string; when: string }[];
}

/** Post 1 is the first. */
export const posts: readonly SeedPost[] = [
  {
    author: 'chiara',
    body: 'First light over the ridge this morning. Nobody on the path, and the whole valley still under fog.',
    when: '2 h',
    picture: true,
    comments: [
      { author: 'dan', text: 'Which hut did you start from?', when: '1 h' },
      { author: 'emi', text: 'The fog does half the work. Lovely.', when: '48 min' },
      { author: 'bob', text: 'Saving this for the next grey Monday.', when: '20 min' }
    ]
  },
  {
    author: 'bob',
    body: 'Third loaf this week and the crust finally sings. 78% hydration, long cold rest, no shortcuts.',
    when: '3 h',
    picture: false,
    comments: [{ author: 'alice', text: 'Put one aside for Saturday?', when: '2 h' }]
  },
  {
    author: 'emi',
    body: 'Found my grandmother’s fern press. Every page has a date and a place in pencil.',
    when: '5 h',
    picture: true,
    comments: []
  },
  {
    author: 'dan',
    body: 'The 22:14 sleeper now stops here again. I have been waiting for this timetable for nine years.',
    when: '8 h',
    picture: false,
    comments: [{ author: 'farid', text: 'See you in the dining car.', when: '7 h' }]
  },
  {
    author: 'farid',
    body: 'صباح الخير 🌅 — good morning in both directions. Comments welcome: עברית, فارسی, 日本語, 👩‍🚀🏳️‍🌈 and plain words.',
    when: '10 h',
    picture: false,
    comments: [
      { author: 'emi', text: 'おはようございます 🍵', when: '9 h' },
      { author: 'farid', text: 'شكراً جزيلاً ❤️', when: '9 h' }
    ]
  },
  {
    author: 'alice',
    body: 'Drew the whole coastline by hand before checking a map. Off by one island.',
    when: '1 d',
    picture: true,
    comments: [{ author: 'chiara', text: 'Keep the island. It is better with it.', when: '22 h' }]
  },
  {
    author: 'chiara',
    body: 'New linocut is dry: four colours, one block, forty prints. Ink under every nail.',
    when: '2 d',
    picture: false,
    comments: []
  },
  {
    author: 'dan',
    body: '<b>Not bold</b> & "not quoted": whatever people write here is shown as they wrote it.',
    when: '3 d',
    picture: false,
    comments: []
  }
];

interface SeedThread {
  /** Two accounts. */
  between: [string, string];
  /** Oldest first. */
  messages: { author: string; text: string; when: string }[];
  /** Of how many of them the other's are not yet read by each. */
  unread: Record<string, number>;
}

/** Thread 1 is the first. */
export const threads: readonly SeedThread[] = [
  {
    between: ['alice', 'bob'],
    messages: [
      { author: 'bob', text: 'The loaf is yours if you come by before noon.', when: '2 h' },
      { author: 'alice', text: 'On my way, with butter.', when: '2 h' },
      { author: 'bob', text: 'Bring the salted one 🧈', when: '1 h' }
    ],
    unread: { alice: 1 }
  },
  {
    between: ['alice', 'chiara'],
    messages: [
      { author: 'chiara', text: 'Do you still want print 12 of 40?', when: '5 h' },
      { author: 'chiara', text: 'I keep it until Sunday.', when: '4 h' }
    ],
    unread: { alice: 2 }
  },
  {
    between: ['farid', 'alice'],
    messages: [
      { author: 'alice', text: 'Which of the two readings is the old one?', when: '1 d' },
      { author: 'farid', text: 'الأولى — the first, right to left.', when: '22 h' }
    ],
    unread: {}
  }
];
