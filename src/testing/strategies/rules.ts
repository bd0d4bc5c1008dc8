/** What every strategy must do, a rule each. */
export const STRATEGY_RULES = {
  'has-work': 'the machine of the kit gives it something to do, or nothing would be found out',
  'result-adds-up': 'a result says what was asked and what became of it, as the machine and the mover of pages have it',
  'nothing-is-lost': 'every virtual page reads what it read, and every invariant of the machine holds',
  'nothing-stays-in-hand': 'nothing stays isolated, locked or taken from the allocator however it ends',
  'stopped-anywhere': 'a job that is stopped at a pause has lost nothing and has nothing in hand',
  'not-begun-is-not-there': 'a job that nobody lets begin changes nothing',
  'same-again': 'on the same machine it does the same, to the byte',
  'bound-is-respected': 'the lower bound is the true one, and nobody goes below it',
  'refusals-are-named': 'what cannot go stays as it is, and is refused by name and page',
  'asked-alone': 'only pages of what was asked for move, and none moves into what is to be emptied',
  'nonsense-is-refused': 'a request that makes no sense is answered by a VacateError, and changes nothing',
  'announces-its-end': 'a run is announced, and so is how it ended',
} as const;

/** The name of a rule. */
export type StrategyRule = keyof typeof STRATEGY_RULES;
