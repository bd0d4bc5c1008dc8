import anonymous from 'vacate/plugins/anonymous';

/** A page type that wants all pages, those that are free and the kernel's own too. */
export default {
  ...anonymous,
  name: 'claims-everything',
  order: 'pre',
  plain: undefined,
  create: (pages) => Object.assign(anonymous.create(pages), { claims: () => true }),
};
