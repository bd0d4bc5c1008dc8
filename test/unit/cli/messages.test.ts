import { CommanderError } from 'commander';
import { VacateError } from '../../../src/base/vacate-error.js';
import { exitCodeOf } from '../../../src/cli/exit-codes.js';
import { Interrupted } from '../../../src/cli/interrupts.js';
import { endingOf, usageSentence } from '../../../src/cli/messages.js';

describe('endingOf', () => {
  it.each(['usage', 'scenario', 'capture', 'plugin', 'range'] as const)(
    'ends with 2 for what the user gave: %s',
    (kind) => {
      expect(endingOf(new VacateError(kind, 'because'))).toEqual({ sentence: 'because', exitCode: 2 });
    },
  );

  it.each(['no-room', 'limit', 'host'] as const)('ends with 1 for what happened: %s', (kind) => {
    expect(endingOf(new VacateError(kind, 'because'))).toEqual({ sentence: 'because', exitCode: 1 });
  });

  it('ends with 130 when interrupted', () => {
    expect(endingOf(new Interrupted('nothing was changed'))).toEqual({
      sentence: 'interrupted: nothing was changed',
      exitCode: 130,
    });
  });

  it('leaves commander its word, with 0 for help and 2 for complaints', () => {
    expect(endingOf(new CommanderError(0, 'commander.helpDisplayed', ''))).toEqual({ sentence: null, exitCode: 0 });
    expect(endingOf(new CommanderError(1, 'commander.unknownOption', ''))).toEqual({ sentence: null, exitCode: 2 });
  });

  it('says of anything else that something is broken', () => {
    expect(endingOf(new TypeError('x is not a function')).sentence).toContain('VACATE_DEBUG=1');
    expect(endingOf('a string').exitCode).toBe(1);
  });
});

describe('usageSentence', () => {
  it('turns a complaint with a suggestion into one sentence', () => {
    expect(usageSentence("error: unknown option '--jsn'\n(Did you mean --json?)", 'vacate inspect --help')).toBe(
      "unknown option '--jsn'; did you mean --json?",
    );
    expect(usageSentence("error: unknown command 'ins'\n(Did you mean one of inspect, install?)", 'x')).toBe(
      "unknown command 'ins'; did you mean one of inspect, install?",
    );
  });

  it('points to the help without one', () => {
    expect(usageSentence("error: missing required argument 'machine'", 'vacate inspect --help')).toBe(
      "missing required argument 'machine'; see vacate inspect --help",
    );
  });
});

describe('exitCodeOf', () => {
  it.each([
    ['done', 0],
    ['refused', 1],
    ['partial', 64],
  ] as const)('%s is %d', (outcome, exitCode) => {
    expect(exitCodeOf(outcome)).toBe(exitCode);
  });
});
