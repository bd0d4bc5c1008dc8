/** A page type that claims nothing and says on standard error that it was loaded, which is before a machine is read. */
process.stderr.write('the plugin is loaded\n');

export default {
  name: 'announces',
  api: 1,
  order: null,
  claims: 'nothing',
  refusals: [null],
  create: () => ({ claims: () => false }),
};
