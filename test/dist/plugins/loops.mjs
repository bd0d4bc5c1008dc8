import anonymous from 'vacate/plugins/anonymous';

/** Moves anonymous pages as they are to be moved, and at the third one does not come back. */
export default {
  ...anonymous,
  name: 'loops',
  order: 'pre',
  plain: undefined,
  create(pages) {
    const right = anonymous.create(pages);
    let moved = 0;
    return {
      claims: (flags) => right.claims(flags),
      refuses: (page) => right.refuses(page),
      references: (page) => right.references(page),
      isolate: (page) => right.isolate(page),
      migrate(source, target, mode) {
        if (++moved === 3) for (;;);
        return right.migrate(source, target, mode);
      },
      putback: (page) => right.putback(page),
    };
  },
};
