/** A page type whose second refusal says nothing about why. */
export default {
  name: 'malformed',
  api: 1,
  order: null,
  claims: 'nothing',
  refusals: [null, { id: 'busy', kind: 'retry' }],
  create: () => ({}),
};
