/** 9658 -> "9,658". */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** "1 page", "9,658 pages". */
export function countPages(count: number, adjective = ''): string {
  return `${formatCount(count)} ${adjective === '' ? '' : `${adjective} `}page${count === 1 ? '' : 's'}`;
}

/** The advice for files that contradict each other or end too early. */
export const TAKE_AGAIN = 'take the capture again, all of its files in one go';
