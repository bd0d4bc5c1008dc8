/** What every page type must do, a rule each; the first word of a failure is one of these. */
export const PAGE_TYPE_RULES = {
  'claims-its-pages': 'claims says yes to every page of the type, at rest and isolated, and to no free page',
  'claims-is-pure': 'claims answers the same for the same flags, whenever, and changes nothing; nor does refuses',
  'codes-are-in-the-table': 'every verb answers 0 or a code of the refusal table',
  'references-add-up':
    'count = mappings + references + isolation + pins, and references counts neither of the last two',
  'isolate-takes-one-reference': 'isolate takes the page off its list, with exactly one reference',
  'putback-undoes-isolate': 'isolate, then putback, leaves every byte of the machine as it was',
  'refused-pages-stay': 'a refused page is as it was, to the byte, and so is everything else',
  'permanent-stays': 'a refusal of kind permanent is said again however often it is asked',
  'retry-ends': 'a refusal of kind retry ends with its cause: the page goes, or is gone',
  'stays-as-the-host-says':
    'staysWhenOffline says yes of exactly the pages with which a block can go offline, and changes nothing',
  'migrate-moves-all': 'migrate leaves nothing behind: mappings, slots, tags, buffers, flags, references, bytes',
  'found-at-its-new-place':
    'whoever knew the page finds it where it is now: CPUs, swap entries, writeback, a second move',
  'stopped-anywhere': 'a migration that is stopped leaves nothing half done',
  'plain-is-plain': 'a type that says it is plain does nothing but what a bulk mover does',
  'others-may-run': 'whatever other CPUs do between any two steps, pages, references and bytes add up',
  'all-small-worlds': 'in every world of up to four pages exactly those move that nothing keeps',
  'skips-are-needed': 'a case that is skipped fails, or it need not be',
  'as-a-model-says': 'thousands of operations leave what a model of one object a page says',
} as const;

/** The name of a rule. */
export type PageTypeRule = keyof typeof PAGE_TYPE_RULES;
