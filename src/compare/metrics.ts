/** Everything that is measured of a run, in the order in which tables have it. */
export const METRIC_IDS = [
  'success',
  'asked',
  'made',
  'pagesMigrated',
  'lowerBound',
  'movesPerBlock',
  'boundPerBlock',
  'movesOverBound',
  'livePages',
  'copiesPerLivePage',
  'pagesReclaimed',
  'pagesScannedMigrate',
  'pagesScannedFree',
  'pagesRefused',
  'virtualNs',
  'othersFailed',
  'contentsWrong',
] as const;

export type MetricId = (typeof METRIC_IDS)[number];

/** Null where a measure has no meaning: an offline job has no lower bound, a strategy without scanners scans nothing. */
export type Metrics = Readonly<Record<MetricId, number | null>>;

export interface Metric {
  readonly title: string;
  readonly unit: 'share' | 'pages' | 'blocks' | 'ratio' | 'ns' | 'count';
  /** Null if neither is better. */
  readonly better: 'more' | 'less' | null;
  /** What it says, for those who read the report. */
  readonly meaning: string;
}

export const METRICS: Readonly<Record<MetricId, Metric>> = {
  success: {
    title: 'success',
    unit: 'share',
    better: 'more',
    meaning:
      'blocks made of those asked for (of all ranges that could be emptied, if all were asked for); memory blocks taken offline of those asked for; requests granted',
  },
  asked: {
    title: 'asked',
    unit: 'blocks',
    better: null,
    meaning: 'what the job asked for; ranges that could be emptied, if it asked for all',
  },
  made: { title: 'made', unit: 'blocks', better: null, meaning: 'blocks made, taken offline, or granted' },
  pagesMigrated: {
    title: 'moved',
    unit: 'pages',
    better: 'less',
    meaning: 'pages whose contents were copied elsewhere',
  },
  lowerBound: {
    title: 'lower bound',
    unit: 'pages',
    better: null,
    meaning: 'pages in the cheapest ranges, as many as were made: nobody makes them with fewer moves',
  },
  movesPerBlock: { title: 'moved per block', unit: 'ratio', better: null, meaning: 'pages moved for each block made' },
  boundPerBlock: {
    title: 'bound per block',
    unit: 'ratio',
    better: null,
    meaning: 'the lower bound, for each block made',
  },
  movesOverBound: {
    title: 'moved / bound',
    unit: 'ratio',
    better: 'less',
    meaning: 'pages moved for each page that had to move; below 1 if blocks came free by other means',
  },
  livePages: { title: 'live pages', unit: 'pages', better: null, meaning: 'pages in use in the range at the start' },
  copiesPerLivePage: {
    title: 'copies per page',
    unit: 'ratio',
    better: 'less',
    meaning: 'pages moved for each page in use in the range; above 1 if pages moved twice',
  },
  pagesReclaimed: {
    title: 'reclaimed',
    unit: 'pages',
    better: 'less',
    meaning: 'pages taken from their owners: page cache dropped, anonymous memory written to swap',
  },
  pagesScannedMigrate: {
    title: 'scanned to move',
    unit: 'pages',
    better: null,
    meaning: 'pages that the migration scanner looked at',
  },
  pagesScannedFree: {
    title: 'scanned for room',
    unit: 'pages',
    better: null,
    meaning: 'pages that the free scanner looked at',
  },
  pagesRefused: { title: 'refused', unit: 'pages', better: null, meaning: 'pages that stayed, whatever the reason' },
  virtualNs: {
    title: 'virtual time',
    unit: 'ns',
    better: 'less',
    meaning: 'what the machine waited for, and the work at fixed prices',
  },
  othersFailed: {
    title: 'others failed',
    unit: 'count',
    better: 'less',
    meaning: 'requests for memory of other tasks that were not met while the job ran',
  },
  contentsWrong: {
    title: 'contents wrong',
    unit: 'pages',
    better: null,
    meaning: 'pages that read something else than before; anything but 0 is a bug',
  },
};

/** What strategies are ranked by. A cost counts only among those that did as much: who does nothing costs nothing. */
export const JUDGED = [
  'success',
  'pagesMigrated',
  'movesOverBound',
  'copiesPerLivePage',
  'pagesReclaimed',
  'virtualNs',
] as const satisfies readonly MetricId[];

/** What an overview of all kinds of jobs has: the measures that all of them share. */
export const SHARED = [
  'success',
  'pagesMigrated',
  'pagesReclaimed',
  'virtualNs',
] as const satisfies readonly MetricId[];

export type JudgedId = (typeof JUDGED)[number];
