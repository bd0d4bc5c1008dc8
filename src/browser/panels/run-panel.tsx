import { useState } from 'preact/hooks';
import { count } from '../run/words.js';
import { letGo, type RunRequest, type StrategyEntry, startRun, stopRun } from '../server.js';
import {
  cursor,
  firstPicture,
  isGoing,
  layout,
  pictures,
  pinned,
  refreshRuns,
  runs,
  session,
  showMachine,
  showRuns,
} from '../state.js';

/** Starts runs on copies of the machine, one alone or two that are compared, and lists those there are. */
export function RunPanel() {
  const about = session.value;
  if (about === null || about.shows === 'run') return null;
  return (
    <details class="panel" open>
      <summary>
        <h2>Runs</h2> {runs.value.length > 0 && <span class="amount">{runs.value.length}</span>}
      </summary>
      {about.allowActions ? (
        <RunForm />
      ) : (
        <p class="quiet">{about.whyNoActions ?? 'Start vacate view with --allow-actions to run something here.'}</p>
      )}
      <RunList />
    </details>
  );
}

type FrontEnd = RunRequest['frontEnd'];

function RunForm() {
  const [frontEnd, setFrontEnd] = useState<FrontEnd>('offline');
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const strategies = session.value!.strategies[frontEnd === 'offline' ? 'offline' : 'highOrder'];
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    setIsBusy(true);
    setProblem(await startRuns(frontEnd, fields));
    setIsBusy(false);
  };
  return (
    <form class="run-form" onSubmit={(event) => void submit(event)}>
      <label>
        What
        <select
          name="frontEnd"
          value={frontEnd}
          onChange={({ currentTarget }) => setFrontEnd(currentTarget.value as FrontEnd)}
        >
          <option value="offline">Take memory offline</option>
          <option value="high-order">Make free blocks of a high order</option>
        </select>
      </label>
      {frontEnd === 'offline' ? <WhichMemory /> : <WhichOrder />}
      <StrategyChoice key={`${frontEnd} first`} name="strategy" label="Strategy" strategies={strategies} />
      <StrategyChoice
        key={`${frontEnd} second`}
        name="second"
        label="Beside it"
        strategies={strategies}
        none="nothing"
      />
      <button type="submit" class="main" disabled={isBusy}>
        Start
      </button>
      {problem !== null && (
        <p class="error" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

function WhichMemory() {
  const dimms = firstPicture.value?.header.value?.machine.dimms ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const dimm = chosen ?? dimms.at(-1)?.name ?? '';
  const pfn = pinned.value ?? cursor.value;
  const near = layout.value === null || pfn === null ? '' : `${Math.floor(pfn / layout.value.blockPages)}`;
  return (
    <>
      {dimms.length > 0 && (
        <label>
          DIMM
          <select name="dimm" value={dimm} onChange={({ currentTarget }) => setChosen(currentTarget.value)}>
            {dimms.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
            <option value="">blocks …</option>
          </select>
        </label>
      )}
      {(dimm === '' || dimms.length === 0) && (
        <label>
          Blocks
          <input name="blocks" placeholder={near === '' ? '32-35,40' : near} spellcheck={false} required />
        </label>
      )}
    </>
  );
}

function WhichOrder() {
  return (
    <div class="pair">
      <label>
        Order
        <input name="order" type="number" min={1} max={10} value={9} required />
      </label>
      <label>
        How many
        <input name="count" type="number" min={1} max={1_000_000} value={32} required />
      </label>
    </div>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly label: string;
  readonly strategies: readonly StrategyEntry[];
  readonly none?: string;
}

function StrategyChoice({ name, label, strategies, none }: ChoiceProps) {
  return (
    <label>
      {label}
      <select name={name}>
        {none !== undefined && <option value="">{none}</option>}
        {strategies.map((strategy) => (
          <option key={strategy.name} value={strategy.name} title={strategy.about}>
            {strategy.name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Returns what went wrong, as a sentence. Two runs wait for each other, so that they begin in one moment. */
async function startRuns(frontEnd: FrontEnd, fields: FormData): Promise<string | null> {
  const text = (name: string) => String(fields.get(name) ?? '').trim();
  const strategies = [text('strategy'), text('second')].filter((name) => name !== '');
  const ids: string[] = [];
  for (const strategy of strategies) {
    const answer = await startRun({
      ...requestOf(frontEnd, text),
      strategy,
      hold: strategies.length > 1,
    } as RunRequest);
    if (!answer.ok) {
      for (const id of ids) await stopRun(id);
      return answer.error;
    }
    ids.push(answer.value.id);
  }
  await refreshRuns();
  showRuns(ids);
  if (ids.length > 1) {
    const answers = await Promise.all(ids.map(letGo));
    for (const answer of answers) if (!answer.ok) return answer.error;
  }
  return null;
}

function requestOf(frontEnd: FrontEnd, text: (name: string) => string): object {
  if (frontEnd === 'high-order') return { frontEnd, order: Number(text('order')), count: Number(text('count')) };
  return text('dimm') === '' ? { frontEnd, blocks: text('blocks') } : { frontEnd, dimm: text('dimm') };
}

function RunList() {
  const shown = pictures.value.map(({ path }) => path);
  if (runs.value.length === 0) return null;
  return (
    <>
      <ul class="runs">
        {runs.value.map((run) => (
          <li key={run.id}>
            <button
              type="button"
              aria-pressed={shown.includes(`api/runs/${run.id}`)}
              onClick={() => showRuns([run.id])}
            >
              {run.frontEnd}, {run.strategy} <span class="amount">{run.error ?? run.state}</span>
            </button>
            {isGoing(run) && session.value?.allowActions === true && (
              <button type="button" class="quiet" aria-label={`Stop run ${run.id}`} onClick={() => void stop(run.id)}>
                Stop
              </button>
            )}
          </li>
        ))}
      </ul>
      {!shown.includes('api/picture') && (
        <button type="button" onClick={showMachine}>
          Back to the machine
        </button>
      )}
      <span class="hidden" role="status">
        {count(runs.value.filter(isGoing).length, 'run')} going
      </span>
    </>
  );
}

async function stop(id: string): Promise<void> {
  await stopRun(id);
  await refreshRuns();
}
