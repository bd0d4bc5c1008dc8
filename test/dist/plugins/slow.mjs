/**
 * A page type that claims nothing and takes its time, so that a run lasts long enough to be stopped. It says on standard
 * error when the run has begun.
 */
const MICROSECONDS_A_PAGE = 10;
const PG_LRU = 1 << 5;

function burn() {
  const end = performance.now() + MICROSECONDS_A_PAGE / 1000;
  while (performance.now() < end);
}

export default {
  name: 'slow',
  api: 1,
  order: 'pre',
  claims: 'nothing, slowly',
  refusals: [null],
  create() {
    let begun = false;
    return {
      claims(flags) {
        // Before any run, plugins are asked about pages that are nobody's; these are on no list.
        if (!begun && (flags & PG_LRU) !== 0) process.stderr.write('the run has begun\n');
        begun ||= (flags & PG_LRU) !== 0;
        burn();
        return false;
      },
      refuses: () => 0,
      references: () => 0,
      isolate: () => 0,
      migrate: () => 0,
      putback() {},
    };
  },
};
