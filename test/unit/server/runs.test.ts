import { describe, expect, it } from '@jest/globals';
import { VacateError } from '../../../src/base/vacate-error.js';
import type { RunRequest } from '../../../src/server/run-request.js';
import { type RunEar, Runs, type RunThread, sentenceOf, statusOf } from '../../../src/server/runs.js';
import { settle } from './outboxes.js';

const REQUEST: RunRequest = { frontEnd: 'offline', blocks: '1' };

/** Threads that do what the test says. */
class FakeThreads {
  readonly ears: RunEar[] = [];
  readonly done: string[] = [];
  readonly end: ((how: 'done' | 'stopped') => void)[] = [];
  readonly break: ((error: Error) => void)[] = [];

  readonly start = async (_request: RunRequest, ear: RunEar): Promise<RunThread> => {
    const nr = this.ears.push(ear);
    return {
      ended: new Promise((resolve, reject) => {
        this.end.push(resolve);
        this.break.push(reject);
      }),
      go: () => this.done.push(`go ${nr}`),
      stop: () => this.done.push(`stop ${nr}`),
      kill: async () => {
        this.done.push(`kill ${nr}`);
      },
    };
  };
}

describe('runs', () => {
  it('have numbers, and states as their threads tell them', async () => {
    const threads = new FakeThreads();
    const runs = new Runs(threads.start, () => 41.6);
    const facts = await runs.start({ ...REQUEST, strategy: 'merged' });
    expect(facts).toMatchObject({ id: '1', strategy: 'merged', state: 'opening', error: null, startedMs: 42 });
    threads.ears[0]!.onState('running');
    expect(runs.facts('1')?.state).toBe('running');
    threads.end[0]!('done');
    await settle();
    expect(runs.facts('1')?.state).toBe('done');
    expect(threads.done).toEqual(['kill 1']);
  });

  it('that break say why, in a sentence', async () => {
    const threads = new FakeThreads();
    const runs = new Runs(threads.start, () => 0);
    await runs.start(REQUEST);
    threads.break[0]!(new VacateError('no-room', 'there is no room; make some'));
    await settle();
    expect(runs.facts('1')).toMatchObject({ state: 'failed', error: 'there is no room; make some' });
  });

  it('go and stop when they are told, and know whether there is one of that number', async () => {
    const threads = new FakeThreads();
    const runs = new Runs(threads.start, () => 0);
    await runs.start(REQUEST);
    expect([runs.go('1'), runs.stop('1'), runs.go('2'), runs.stop('2')]).toEqual([true, true, false, false]);
    expect(threads.done).toEqual(['go 1', 'stop 1']);
  });

  it('are four at a time, and eight that are over are kept', async () => {
    const threads = new FakeThreads();
    const runs = new Runs(threads.start, () => 0);
    for (let nr = 0; nr < 4; nr++) await runs.start(REQUEST);
    await expect(runs.start(REQUEST)).rejects.toMatchObject({ kind: 'limit' });
    for (let nr = 4; nr < 20; nr++) {
      threads.end[nr - 4]!('done');
      await settle();
      await runs.start(REQUEST);
    }
    expect(runs.all().filter(({ state }) => state === 'done').length).toBe(8);
    expect(runs.facts('1')).toBeNull();
    expect(runs.feed('20')).not.toBeNull();
  });

  it('that cannot begin leave nothing', async () => {
    const runs = new Runs(
      () => Promise.reject(new VacateError('range', 'there is no block 1')),
      () => 0,
    );
    await expect(runs.start(REQUEST)).rejects.toMatchObject({ kind: 'range' });
    expect(runs.all()).toEqual([]);
  });

  it('are all ended with the server', async () => {
    const threads = new FakeThreads();
    const runs = new Runs(threads.start, () => 0);
    await runs.start(REQUEST);
    await runs.start(REQUEST);
    await runs.close();
    expect(threads.done).toEqual(['kill 1', 'kill 2']);
  });
});

it('errors have a status and a sentence', () => {
  expect(statusOf(new VacateError('usage', 'x'))).toBe(400);
  expect(statusOf(new VacateError('limit', 'x'))).toBe(409);
  expect(statusOf(new VacateError('host', 'x'))).toBe(500);
  expect(statusOf(new Error('x'))).toBe(500);
  expect(sentenceOf(new VacateError('usage', 'say more'))).toBe('say more');
  expect(sentenceOf(new Error('oops'))).toBe('something is broken, in vacate or in a plugin: oops');
});
