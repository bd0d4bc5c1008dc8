const PG_ANON = 1 << 12;

/** A page type that refuses with a code which its table does not have: a mistake that shows only in a run. */
export default {
  name: 'lacks-a-code',
  api: 1,
  order: 'pre',
  claims: 'anonymous pages, to refuse them with a code of its own invention',
  refusals: [null, { id: 'busy', kind: 'retry', because: 'the page is busy' }],
  create: () => ({
    claims: (flags) => (flags & PG_ANON) !== 0,
    refuses: () => 7,
    references: () => 0,
    isolate: () => 7,
    migrate: () => 7,
    putback() {},
  }),
};
