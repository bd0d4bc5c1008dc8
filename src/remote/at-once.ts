/** Does something for each, so many at a time; the answers are in the order of the questions. */
export async function atOnce<Each, Found>(
  nrAtOnce: number,
  all: readonly Each[],
  find: (each: Each) => Promise<Found>,
): Promise<Found[]> {
  const found: Found[] = [];
  let next = 0;
  const work = async () => {
    for (let at = next++; at < all.length; at = next++) found[at] = await find(all[at]!);
  };
  await Promise.all(Array.from({ length: Math.min(nrAtOnce, all.length) }, work));
  return found;
}
