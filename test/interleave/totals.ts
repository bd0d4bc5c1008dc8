/** What the explorer finds in its test set, written by `main.js --set test --write-totals`. */
export const TEST_TOTALS = {
  worlds: 186,
  states: 615774,
  transitions: 1389761,
  depth: 130,
  paths: 26478,
  ends: 24526,
};

/** The same of two strategies that want one block. */
export const CONTEST_TOTALS = [
  { name: 'offline-against-offline', states: 730, transitions: 23037, depth: 38, paths: 88 },
  { name: 'offline-against-high-order', states: 546, transitions: 19773, depth: 40, paths: 353 },
  { name: 'high-order-against-offline', states: 1208, transitions: 32996, depth: 38, paths: 364 },
  { name: 'high-order-against-high-order', states: 566, transitions: 20157, depth: 40, paths: 368 },
];
