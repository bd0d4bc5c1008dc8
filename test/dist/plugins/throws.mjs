/** A page type with a bug: its handler throws where it should refuse. */
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
  }),
};
