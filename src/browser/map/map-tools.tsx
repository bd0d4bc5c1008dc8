import { useState } from 'preact/hooks';
import { COLOURINGS, colouring as colouringNamed } from '../../picture/colourings.js';
import { colouring, fitAll, layout } from '../state.js';
import { visitPage, zoomIn, zoomOut } from './moves.js';
import { parsePlace } from './parse-place.js';

/** What the map is coloured by, how near it is, and where to go. */
export function MapTools() {
  return (
    <div class="tools">
      <fieldset class="switch">
        <legend class="hidden">Colour by</legend>
        {COLOURINGS.map((name) => (
          <label key={name} class={colouring.value === name ? 'chosen' : ''}>
            <input
              type="radio"
              name="colouring"
              value={name}
              checked={colouring.value === name}
              onChange={() => {
                colouring.value = name;
              }}
            />
            {capitalised(colouringNamed(name).title)}
          </label>
        ))}
      </fieldset>
      <fieldset class="buttons">
        <legend class="hidden">Zoom</legend>
        <button type="button" aria-label="Zoom out" onClick={zoomOut}>
          −
        </button>
        <button type="button" aria-label="Zoom in" onClick={zoomIn}>
          +
        </button>
        <button type="button" onClick={fitAll}>
          Fit
        </button>
      </fieldset>
      <GoTo />
    </div>
  );
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function GoTo() {
  const [problem, setProblem] = useState<string | null>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget as HTMLFormElement).get('place') ?? '');
    const place = parsePlace(text, layout.value);
    setProblem(place.ok ? null : place.error);
    if (place.ok) visitPage(place.pfn);
  };
  return (
    <form class="go" onSubmit={submit}>
      <label for="go-to" class="hidden">
        Go to a page
      </label>
      <input
        id="go-to"
        name="place"
        placeholder="pfn, 0x… or block 12"
        aria-describedby="go-problem"
        spellcheck={false}
      />
      <button type="submit">Go</button>
      <span id="go-problem" class="problem" role="status">
        {problem}
      </span>
    </form>
  );
}
