/**
 * Page types that need nothing from their handler but what the kernel does for every such page: off the LRU and back, page
 * tables through the reverse map, and at most the slot of a page cache with the buffers that hang on it.
 */
export type PlainKind = 'anonymous' | 'page-cache';
