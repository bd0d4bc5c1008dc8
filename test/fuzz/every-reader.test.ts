import 'reflect-metadata';
import { readdirSync, readFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import ts from 'typescript';
import { removeTemporaryDirectories } from '../unit/capture/sketch.js';
import { removeTrees } from '../unit/linux/trees.js';
import { endsWell } from './reader.js';
import { readers } from './readers/index.js';
import { removeScratch } from './scratch.js';

/*
 * No reader is forgotten: whatever src exports that takes a text, or reads files of a host or a capture, is called when
 * the table's seeds are read. The engine counts the calls, so nobody has to keep a list; what cannot be called so is
 * listed here, with a reason.
 */

jest.setTimeout(600_000);

const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));

/** Exported functions that no seed reaches, by file; each says why. */
const NOT_CALLED: Readonly<Record<string, string>> = {
  'cli/open-machine.ts machineOfScenario': 'parses and builds, which the readers of scenarios do one after the other',
  'cli/live/live-run.ts openLiveRun': 'writes the journal of writes; its reader is called',
  'cli/live/live-run.ts checkWritable': 'reads nothing',
  'cli/live/offline-live-plan.ts planOffline': 'forecasts in a thread, which only the built package has',
  'cli/live/offline-live-run.ts whyNoEject': 'asks whether a file is there',
  'linux/compact-memory.ts compactionFile': 'asks whether a file is there',
  'linux/compact-memory.ts compactMemory': 'writes; what it reads back has readers that are called',
  'linux/pages/page-reader.ts noSuchFile': 'makes a sentence',
};
/** What their functions read are pages that we simulate. */
const SIMULATED = ['sim/', 'smp/', 'soak/system-calls.ts', 'testing/'];

/** A function is a reader by its name, or by what it takes. */
const READER_NAME = /^(parse|read|load(Plugins|Strategies)$|list[A-Z])/;
const TEXTS = ['text', 'line', 'log', 'specifiers'];
const SOURCE_TYPES = ['LinuxTree', 'CaptureSource', 'CaptureFiles'];

function isReader(node: ts.FunctionDeclaration): boolean {
  const isExported = node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
  if (!isExported || node.name === undefined) return false;
  const takes = node.parameters.some(({ name, type }) => {
    const written = type?.getText() ?? '';
    const isText = TEXTS.includes(name.getText()) && written.startsWith('string');
    return isText || SOURCE_TYPES.some((source) => new RegExp(`\\b${source}\\b`).test(written));
  });
  return READER_NAME.test(node.name.text) || takes;
}

/** "folder/file.ts function" of every reader in src. */
function readersInSources(): string[] {
  const paths = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' });
  const outside = paths.filter((path) => path.endsWith('.ts') && !SIMULATED.some((start) => path.startsWith(start)));
  return outside.flatMap((path) => {
    const source = ts.createSourceFile(path, readFileSync(`${SOURCES}${path}`, 'utf8'), ts.ScriptTarget.ES2022, true);
    return source.statements.flatMap((node) =>
      ts.isFunctionDeclaration(node) && isReader(node) ? [`${path} ${node.name?.text}`] : [],
    );
  });
}

const session = new Session();
const asked = <T>(ask: (done: (error: Error | null, result: T) => void) => void): Promise<T> =>
  new Promise((resolve, reject) => ask((error, result) => (error === null ? resolve(result) : reject(error))));

const called = new Set<string>();

beforeAll(async () => {
  session.connect();
  await asked((done) => session.post('Profiler.enable', done));
  await asked((done) => session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false }, done));
  for (const reader of readers) for (const seed of reader.seeds()) await endsWell(reader, seed, true);
  const { result } = await asked<Profiler.TakePreciseCoverageReturnType>((done) =>
    session.post('Profiler.takePreciseCoverage', done),
  );
  for (const { url, functions } of result) {
    const path = url.replace('file://', '').split(SOURCES)[1];
    if (path === undefined) continue;
    for (const { functionName, ranges } of functions) if (ranges[0]!.count > 0) called.add(`${path} ${functionName}`);
  }
});

afterAll(() => {
  session.disconnect();
  removeScratch();
  removeTemporaryDirectories();
  removeTrees();
});

describe('what reads texts and files of others', () => {
  const found = readersInSources();

  it('is found', () => {
    expect(found.length).toBeGreaterThan(50);
    expect(found).toContain('capture/zoneinfo.ts parseZoneinfo');
    expect(found).toContain('linux/kmsg.ts readKmsg');
  });

  it('is all called by the readers that are fuzzed', () => {
    expect(found.filter((name) => !called.has(name) && NOT_CALLED[name] === undefined)).toEqual([]);
  });

  it('is not excused without need', () => {
    expect(Object.keys(NOT_CALLED).filter((name) => called.has(name) || !found.includes(name))).toEqual([]);
  });
});
