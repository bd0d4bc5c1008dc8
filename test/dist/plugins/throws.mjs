/** A page type with a bug: its handler throws where it should say whether a page is its own. */
export default {
  name: 'throws',
  api: 1,
  order: 'pre',
  claims: 'everything, and then falls over',
  refusals: [null],
  create: () => ({
    claims() {
      throw new TypeError('pages.frobnicate is not a function');
    },
    refuses: () => 0,
    references: () => 0,
    isolate: () => 0,
    migrate: () => 0,
    putback() {},
  }),
};
