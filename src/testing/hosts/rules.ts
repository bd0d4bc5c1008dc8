/** What every host must do, a rule each. */
export const HOST_RULES = {
  'layout-is-sound': 'zones, DIMMs, watermarks and swap are what memory can be cut into',
  'blocks-and-pages-agree': 'a block has pages exactly if it is online',
  'invariants-hold': 'validate finds nothing',
  'free-lists-add-up': 'every free page is on one list, once, in an aligned block',
  'room-is-free': 'room is what is free above the marks, and outside of what is excluded',
  'references-add-up': 'free pages have no references, pages in use have all their mappings',
  'handlers-see-columns': 'what handlers are told of a page is what the columns hold',
  'reading-changes-nothing': 'asking changes nothing',
  'blocks-go-whole': 'a block goes off line with all its pages, and no other does',
  'blocks-come-back': 'a block that comes back is free, and all states are as before',
  'refused-blocks-stay': 'a block that is refused is as it was, and so is everything else',
  'isolation-is-undone': 'what is isolated and let go is as it was',
  'isolated-is-not-handed-out': 'nothing isolated is handed out, or counted as room',
  'draining-loses-nothing': 'draining leaves nothing on per-CPU lists, and loses nothing',
  'targets-come-back': 'what is taken from the allocator and given back leaves no trace',
  'remap-undoes-unmap': 'a page that is unmapped and mapped again is as it was',
  'reverse-map-is-whole': 'the reverse map has a VMA for every mapping',
  'moved-pages-are-whole': 'a page that moves keeps its mappings, and leaves its place free',
  'split-is-for-compound-pages': 'a base page does not split, and stays as it is',
  'locks-exclude': 'a lock is taken by one at a time',
  'freeze-is-exact': 'a count is frozen only at what was expected, and thaws to what is said',
} as const;

/** The name of a rule. */
export type HostRule = keyof typeof HOST_RULES;
