import { foundNone, visitNextRefused } from '../map/next-refused.js';
import { firstPicture } from '../state.js';

/** Why pages have not gone, up to this moment. */
export function RefusalList() {
  const refusals = firstPicture.value?.progress.value?.refusals ?? [];
  return (
    <details class="panel" open>
      <summary>
        <h2>Refusals</h2>{' '}
        <span class="amount">{refusals.reduce((sum, { pages }) => sum + pages, 0).toLocaleString('en')}</span>
      </summary>
      {refusals.length === 0 && <p class="quiet">No page has refused so far.</p>}
      {refusals.length > 0 && (
        <>
          <table class="refusals">
            <thead>
              <tr>
                <th scope="col">Why</th>
                <th scope="col" class="number">
                  Pages
                </th>
              </tr>
            </thead>
            <tbody>
              {refusals.map(({ handler, reason, kind, because, pages }) => (
                <tr key={`${handler}/${reason}`}>
                  <td>
                    <button
                      type="button"
                      class="reason"
                      title="Go to the next page that refused for this reason"
                      onClick={() => visitNextRefused({ handler, reason })}
                    >
                      {handler}/{reason}
                    </button>
                    {kind === 'retry' ? ' (for now)' : ''}
                    <br />
                    <span class="quiet">{because}</span>
                  </td>
                  <td class="number">{pages.toLocaleString('en')}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <button type="button" onClick={() => visitNextRefused()}>
            Next page that refused
          </button>
          <span role="status">{foundNone.value ? ' None stands refused at this moment.' : ''}</span>
        </>
      )}
    </details>
  );
}
