import type { RefObject } from 'preact';

const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ['+ −', 'zoom in, zoom out'],
  ['F or 0', 'see all of memory'],
  ['B', 'see the block under the cursor'],
  ['Arrows', 'move the cursor; with Shift eight times as far; with Ctrl move the map'],
  ['Enter', 'what the page is, whose, and what became of it'],
  ['G', 'go to a page by its number or address'],
  ['R', 'go to the next page that has refused'],
  ['1 2 3 4', 'colour by type, state, migratetype, free order'],
  ['Space', 'play, pause'],
  [', .', 'one page event back, forward'],
  ['< >', 'one batch back, forward'],
  ['[ ]', 'one range event back, forward'],
  ['Home End', 'beginning of the run, its end'],
];

export function HelpDialog({ dialog }: { readonly dialog: RefObject<HTMLDialogElement | null> }) {
  return (
    <dialog ref={dialog} aria-labelledby="help-title">
      <h2 id="help-title">How to read the map</h2>
      <p>
        Each tile is a memory block. Blocks follow each other in rows, by node, zone and DIMM. Inside a block, pages lie
        so that every aligned power of two of them is a rectangle: a free block of order 9 is one of 32 by 16 pages.
        Seen from afar, a point takes the colour of what most of its used pages are; the paler, the more of it is free.
      </p>
      <p>Zoom with the wheel or two fingers, drag to move.</p>
      <table>
        <caption>Keys</caption>
        <tbody>
          {KEYS.map(([keys, what]) => (
            <tr key={keys}>
              <th scope="row">
                <kbd>{keys}</kbd>
              </th>
              <td>{what}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
