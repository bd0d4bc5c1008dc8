/** What the explorer finds in its test set, written by `main.js --set test --write-totals`. */
export const TEST_TOTALS = {
  worlds: 186,
  states: 615355,
  transitions: 1387379,
  depth: 130,
  paths: 26478,
  ends: 24526,
};

/** The same of two strategies that want one block. */
export const CONTEST_TOTALS = [
  { name: 'offline-against-offline', states: 770, transitions: 25112, depth: 40, paths: 90 },
  { name: 'offline-against-high-order', states: 561, transitions: 21181, depth: 42, paths: 362 },
  { name: 'high-order-against-offline', states: 1248, transitions: 35071, depth: 40, paths: 366 },
  { name: 'high-order-against-high-order', states: 581, transitions: 21565, depth: 42, paths: 377 },
];
