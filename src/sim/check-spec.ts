import { expectArgument, isObject, isUint32Array, isWhole } from '../base/arguments.js';
import { MAX_PFN } from '../mm/units.js';
import { ZONE_KINDS } from '../mm/zone.js';

/** As kernels are built at most: CONFIG_NR_CPUS, CONFIG_NODES_SHIFT. */
const CPUS_MAX = 8192;
const NODES_MAX = 1024;

/**
 * Whether the parts of a machine's shape are of the right kind; what they mean together is `createMachine`'s to judge.
 *
 * @throws VacateError kind 'usage'.
 */
export function checkSpec(spec: unknown): void {
  expectArgument(isObject(spec), 'the shape of a machine', spec, 'an object with nrPfns, zones and blocks');
  const { name, nrPfns, nrCpus, blockPages, nrSwapSlots, contents } = spec;
  expectArgument(typeof name === 'string', 'name', name, 'a text');
  for (const [key, value] of Object.entries({ nrPfns, blockPages }))
    expectArgument(isWhole(value, 1, MAX_PFN + 1), key, value, `a number of pages, 1 to ${MAX_PFN + 1}`);
  expectArgument(isWhole(nrCpus, 1, CPUS_MAX), 'nrCpus', nrCpus, `a whole number from 1 to ${CPUS_MAX}`);
  expectArgument(isWhole(nrSwapSlots, 0, 2 * MAX_PFN), 'nrSwapSlots', nrSwapSlots, 'a number of pages, 0 for no swap');
  const isKind = contents === 'bytes' || contents === 'token' || contents === 'mark';
  expectArgument(isKind, 'contents', contents, '"bytes", "token" or "mark"');
  for (const key of ['zones', 'blocks', 'dimms'])
    expectArgument(isList(spec[key]), key, spec[key], 'a list of objects');
  for (const zone of spec.zones as readonly Readonly<Record<string, unknown>>[]) checkZone(zone);
  for (const { block } of spec.blocks as readonly Readonly<Record<string, unknown>>[])
    expectArgument(isWhole(block, -MAX_PFN, MAX_PFN), 'block', block, 'the number of a memory block');
}

/**
 * Whether an image has what a machine is built from, beyond its shape.
 *
 * @throws VacateError kind 'usage'.
 */
export function checkImage(image: unknown): void {
  checkSpec(isObject(image) ? { ...image, contents: 'token' } : image);
  const { nrPfns, flags, mapcounts } = image as Readonly<Record<string, { readonly length?: unknown }>>;
  const isPerPage = isUint32Array(flags) && mapcounts?.length === nrPfns && flags.length === Number(nrPfns);
  expectArgument(isPerPage, 'flags or mapcounts', flags, 'typed arrays with an element for each page');
}

/** Whether this is what `createMachine` and its like give. */
export function checkMachine(machine: unknown): void {
  const isMachine = isObject(machine) && isObject(machine.spec) && isUint32Array(machine.flags);
  expectArgument(
    isMachine,
    'the machine',
    machine,
    'one that createMachine, machineFromScenario or machineFromImage gave',
  );
}

function isList(value: unknown): boolean {
  return Array.isArray(value) && Array.from(value).every(isObject);
}

function checkZone({ node, kind, start, end, watermarks, lowmemReserve }: Readonly<Record<string, unknown>>): void {
  expectArgument(isWhole(node, 0, NODES_MAX - 1), 'node', node, `the number of a node, 0 to ${NODES_MAX - 1}`);
  const isKind = ZONE_KINDS.some((known) => known === kind);
  expectArgument(isKind, 'kind', kind, `one of ${ZONE_KINDS.join(', ')}`);
  for (const [key, value] of Object.entries({ start, end }))
    expectArgument(isWhole(value, 0, MAX_PFN + 1), key, value, 'a page frame number');
  expectArgument(
    hasCounts(watermarks, ['min', 'low', 'high']),
    'watermarks',
    watermarks,
    '{ min, low, high } in pages',
  );
  expectArgument(hasCounts(lowmemReserve, ZONE_KINDS), 'lowmemReserve', lowmemReserve, 'pages by kind of zone');
}

function hasCounts(value: unknown, keys: readonly string[]): boolean {
  return isObject(value) && keys.every((key) => isWhole(value[key], 0, Number.MAX_SAFE_INTEGER));
}
