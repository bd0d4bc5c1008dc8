import anonymous from 'vacate/plugins/anonymous';

/** A page type that takes a page off its list as soon as it is asked whether any page is its own. */
export default {
  ...anonymous,
  name: 'takes-when-asked',
  order: 'pre',
  plain: undefined,
  create: (pages) =>
    Object.assign(anonymous.create(pages), {
      claims() {
        pages.isolateFromLru(4096, 1);
        return false;
      },
    }),
};
