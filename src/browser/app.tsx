import { useEffect } from 'preact/hooks';
import { Header } from './header.jsx';
import { GlobalKeys } from './keys.jsx';
import { Legend } from './map/legend.jsx';
import { MapTools } from './map/map-tools.jsx';
import { MapView } from './map/map-view.jsx';
import { EventList } from './panels/event-list.jsx';
import { KindTable } from './panels/kind-table.jsx';
import { PageCard } from './panels/page-card.jsx';
import { RefusalList } from './panels/refusal-list.jsx';
import { RunPanel } from './panels/run-panel.jsx';
import { Charts } from './run/charts.jsx';
import { hasRun } from './run/player.js';
import { TimeLine } from './run/time-line.jsx';
import { pictures, session, sessionError } from './state.js';

export function App() {
  useEffect(() => {
    document.title = session.value === null ? 'vacate' : `${session.value.name} · vacate`;
  });
  return (
    <div class="page">
      <Header />
      <GlobalKeys />
      <main>
        <section class="stage" aria-label="Map of memory">
          {sessionError.value !== null && (
            <p class="error" role="alert">
              {sessionError.value}
            </p>
          )}
          <MapTools />
          <div class={`maps maps-${pictures.value.length}`}>
            {pictures.value.map((picture) => (
              <MapView key={picture.path} picture={picture} />
            ))}
          </div>
          <Legend />
          {hasRun.value && (
            <>
              <TimeLine />
              <Charts />
            </>
          )}
        </section>
        <aside class="side" aria-label="Details">
          <PageCard />
          <RunPanel />
          {hasRun.value && (
            <>
              <RefusalList />
              <EventList />
            </>
          )}
          <KindTable />
        </aside>
      </main>
    </div>
  );
}
