const PG_ANON = 1 << 12;

/** Anonymous pages of a driver that is at work on them: it may let go, and in a simulated machine never does. */
export default {
  name: 'busy',
  api: 1,
  order: 'pre',
  claims: 'anonymous pages',
  refusals: [null, { id: 'in-use', kind: 'retry', because: 'the driver is at work on it' }],
  create: () => ({
    claims: (flags) => (flags & PG_ANON) !== 0,
    refuses: () => 1,
    references: () => 0,
    isolate: () => 1,
    migrate: () => 1,
    putback() {},
  }),
};
