import { PassThrough } from 'node:stream';
import { formatStep, Progress } from '../../../src/cli/progress.js';

describe('formatStep', () => {
  it('says how far, how fast and how much longer', () => {
    const step = { label: 'migrating', done: 12_288, total: 36_864, unit: 'pages' };
    expect(formatStep(step, 30, 100)).toBe(
      'migrating  ████████░░░░░░░░░░░░░░░░  33% | 12,288 of 36,864 pages | 410,000/s | 1 s left',
    );
  });

  it('gives parts of a whole in percent', () => {
    const step = { label: 'reading the capture', done: 0.4, total: 1, unit: null };
    expect(formatStep(step, 4000, 100)).toBe('reading the capture  ██████████░░░░░░░░░░░░░░  40% | 10 %/s | 6 s left');
  });

  it('fits the terminal: the bar gives way', () => {
    const step = { label: 'migrating', done: 46_080, total: 130_034, unit: 'pages' };
    expect(formatStep(step, 1440, 80)).toBe(
      'migrating  █████░░░░░░░░░░  35% | 46,080 of 130,034 pages | 32,000/s | 3 s left',
    );
    expect(formatStep(step, 1440, 80).length).toBeLessThan(80);
  });

  it('guesses nothing before anything is done', () => {
    expect(formatStep({ label: 'scanning', done: 0, total: 0, unit: null }, 0, 80)).toMatch(/ {3}0% \| …$/);
  });

  it.each([
    ['stands still', 7, 3_600_000, /70% \| \d+ min \d+ s left$/],
    ['is over in a moment', 9.9, 70, /99% \| 1 s left$/],
  ])('has no rate in percent of what %s', (_what, done, elapsedMs, says) => {
    expect(formatStep({ label: 'waiting', done, total: 10, unit: null }, elapsedMs, 80)).toMatch(says);
  });

  it.each([
    [60, 'migrating  ████░░░░░░░  35% | 32,000/s | 3 s left'],
    [40, 'migrating  ████░░░░░░░  35% | 3 s left'],
    [20, 'migrating  35%'],
    [8, 'migrati'],
  ])('never breaks a line, at %i columns', (columns, expected) => {
    const step = { label: 'migrating', done: 46_080, total: 130_034, unit: 'pages' };
    const text = formatStep(step, 1440, columns);
    expect(text.length).toBeLessThan(columns);
    expect(text.replace(/[█░]+/, '████░░░░░░░')).toBe(expected.replace(/[█░]+/, '████░░░░░░░'));
  });

  it('counts minutes once there are some', () => {
    expect(formatStep({ label: 'migrating', done: 1, total: 201, unit: 'pages' }, 1000, 80)).toMatch(
      /3 min 20 s left$/,
    );
  });
});

describe('Progress', () => {
  it('writes nothing where no terminal is', () => {
    const stream = new PassThrough();
    const progress = new Progress(stream as unknown as NodeJS.WriteStream);
    progress.update({ label: 'migrating', done: 1, total: 2, unit: 'pages' });
    progress.stop();
    expect(stream.read()).toBeNull();
  });
});
