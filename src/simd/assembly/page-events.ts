/** As src/recording/pack-events.ts has them: source, target, outcome. */
const EVENT_BYTES: usize = 12;
const NO_PAGE: u32 = 0xffff_ffff;

/** `runs` is room for the runs alone, which are counted before they are written. Gives the end of what has been written. */
export function packPageEvents(words: usize, nrEvents: u32, runs: usize, packed: usize): usize {
  const end = words + <usize>nrEvents * EVENT_BYTES;
  let nrRuns: u32 = 0;
  let runsEnd = runs;
  for (let at = words; at !== end; nrRuns++) {
    const first = at;
    const outcome = load<u32>(at, 8);
    const hasTarget = load<u32>(at, 4) !== NO_PAGE;
    do at += EVENT_BYTES;
    while (at !== end && load<u32>(at, 8) === outcome && (load<u32>(at, 4) !== NO_PAGE) === hasTarget);
    runsEnd = putVarint(runsEnd, (outcome << 1) | <u32>hasTarget);
    runsEnd = putVarint(runsEnd, <u32>((at - first) / EVENT_BYTES));
  }
  let to = putVarint(putVarint(packed, nrEvents), nrRuns);
  memory.copy(to, runs, runsEnd - runs);
  to += runsEnd - runs;
  return putTargets(putSources(to, words, end), words, end);
}

function putSources(to: usize, words: usize, end: usize): usize {
  let expected: u32 = 0;
  for (let at = words; at !== end; at += EVENT_BYTES) {
    const pfn = load<u32>(at);
    to = putVarint(to, zigzag(pfn - expected));
    expected = pfn + 1;
  }
  return to;
}

function putTargets(to: usize, words: usize, end: usize): usize {
  let expected: u32 = 0;
  for (let at = words; at !== end; at += EVENT_BYTES) {
    const pfn = load<u32>(at, 4);
    if (pfn === NO_PAGE) continue;
    to = putVarint(to, zigzag(pfn - expected));
    expected = pfn + 1;
  }
  return to;
}

function zigzag(distance: u32): u32 {
  return (distance << 1) ^ <u32>(<i32>distance >> 31);
}

function putVarint(to: usize, value: u32): usize {
  while (value > 0x7f) {
    store<u8>(to++, <u8>(value | 0x80));
    value >>= 7;
  }
  store<u8>(to++, <u8>value);
  return to;
}
