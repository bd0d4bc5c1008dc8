import { interruption } from '../../../src/cli/carry-out.js';

const NOTHING = { pagesMigrated: 0, pagesReclaimed: 0, blocksMade: 0, blocksOffline: 0 };

describe('what stands after an interruption', () => {
  it.each([
    [{}, 'nothing had moved, and what was isolated is in use again'],
    [{ pagesMigrated: 1 }, '1 page had moved, and so it stays; everything else was put back'],
    [
      { pagesMigrated: 2480, pagesReclaimed: 32, blocksOffline: 2 },
      '2,480 pages had moved, 32 pages had been reclaimed, 2 blocks had gone offline, and so it stays; everything else was put back',
    ],
    [{ blocksMade: 3 }, '3 blocks had been made, and so it stays; everything else was put back'],
  ])('%j', (standing, sentence) => {
    expect(interruption({ ...NOTHING, ...standing })).toBe(sentence);
  });
});
