/**
 * Lengths of the codes of a Huffman code, by how often each symbol occurs; 0 for one that does not. None is longer than
 * `lengthMax`: if one were, rare symbols are taken to be less rare. A single symbol gets one bit.
 */
export function codeLengths(counts: Uint32Array, lengthMax: number): Uint8Array {
  const weights = counts.slice();
  for (;;) {
    const lengths = unlimitedLengths(weights);
    if (lengths.every((length) => length <= lengthMax)) return lengths;
    for (let symbol = 0; symbol < weights.length; symbol++)
      if (weights[symbol] !== 0) weights[symbol] = (weights[symbol]! >>> 1) | 1;
  }
}

/**
 * By two queues: leaves in the order of their weights, and nodes, which come about in that order.
 *
 * @see J. van Leeuwen, On the construction of Huffman trees, 1976
 */
function unlimitedLengths(weights: Uint32Array): Uint8Array {
  const lengths = new Uint8Array(weights.length);
  const leaves = byWeight(weights);
  if (leaves.length === 1) lengths[leaves[0]!] = 1;
  if (leaves.length < 2) return lengths;
  const nrNodes = 2 * leaves.length - 1;
  const weightOf = new Float64Array(nrNodes);
  const parentOf = new Uint16Array(nrNodes);
  leaves.forEach((symbol, leaf) => {
    weightOf[leaf] = weights[symbol]!;
  });
  let leaf = 0;
  let inner = leaves.length;
  for (let node = leaves.length; node < nrNodes; node++)
    for (let child = 0; child < 2; child++) {
      const takesLeaf = leaf < leaves.length && (inner === node || weightOf[leaf]! <= weightOf[inner]!);
      const taken = takesLeaf ? leaf++ : inner++;
      weightOf[node]! += weightOf[taken]!;
      parentOf[taken] = node;
    }
  const depthOf = new Uint16Array(nrNodes);
  for (let node = nrNodes - 2; node >= 0; node--) depthOf[node] = depthOf[parentOf[node]!]! + 1;
  leaves.forEach((symbol, at) => {
    lengths[symbol] = depthOf[at]!;
  });
  return lengths;
}

/** Symbols that occur, the rarest first: numbers sort by themselves quicker than by any function. */
function byWeight(weights: Uint32Array): number[] {
  const nrSymbols = weights.length;
  const keys = new Float64Array(nrSymbols);
  let nr = 0;
  for (let symbol = 0; symbol < nrSymbols; symbol++)
    if (weights[symbol] !== 0) keys[nr++] = weights[symbol]! * nrSymbols + symbol;
  return Array.from(keys.subarray(0, nr).sort(), (key) => key % nrSymbols);
}
