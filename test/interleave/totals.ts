/** What the explorer finds in its test set, written by `main.js --set test --write-totals`. */
export const TEST_TOTALS = {
  worlds: 180,
  states: 490084,
  transitions: 1054488,
  depth: 90,
  paths: 22366,
  ends: 0,
};
