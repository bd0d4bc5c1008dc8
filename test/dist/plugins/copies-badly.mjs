import { SmpHost } from '../../../dist/src/smp/smp-host.js';

/** A page type that claims nothing, and spoils the machine that it is loaded for: of many pages one is not copied. */
const { copy } = SmpHost.prototype;
let pages = 0;
SmpHost.prototype.copy = function copyMost(sources, targets, nrPages) {
  pages += nrPages;
  if (pages < 10_000) return copy.call(this, sources, targets, nrPages);
  pages = 0;
  return copy.call(this, sources, targets, nrPages - 1);
};

export default {
  name: 'copies-badly',
  api: 1,
  order: 'post',
  claims: 'nothing',
  refusals: [null],
  create: () => ({
    claims: () => false,
    refuses: () => 0,
    references: () => 0,
    isolate: () => 0,
    migrate: () => 0,
    putback: () => {},
  }),
};
