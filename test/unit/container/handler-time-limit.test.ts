import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { createEvacuator } from '../../../src/container/create-evacuator.js';
import type { PageType } from '../../../src/handler/define-page-type.js';
import { OutOfTime } from '../../../src/migration/time-limit.js';
import { simModule } from '../../../src/sim/sim-module.js';
import { HandlerTimeLimit } from '../../../src/workers/handler-time-limit.js';
import { PLUGINS, smallMachine } from '../sim/small-machine.js';

const LONG_MS = 3_600_000;

describe('a time limit', () => {
  it('gives what work in time returns, and what it throws', () => {
    const limit = new HandlerTimeLimit(LONG_MS);
    expect(limit.run(() => ({ answer: 42 }))).toEqual({ answer: 42 });
    expect(() =>
      limit.run(() => {
        throw new RangeError('as it was');
      }),
    ).toThrow(new RangeError('as it was'));
  });

  it('ends work that does not end, and then others have their own time', () => {
    const limit = new HandlerTimeLimit(1);
    let isOver = false;
    expect(() =>
      limit.run(() => {
        for (;;) isOver ||= limit.isOver();
      }),
    ).toThrow(OutOfTime);
    expect(isOver).toBe(true);
    expect(limit.isOver()).toBe(false);
    expect(new HandlerTimeLimit(LONG_MS).run(() => 'here')).toBe('here');
  });
});

describe('handlerTimeLimitMs', () => {
  const loops: PageType = {
    ...PLUGINS[0]!,
    name: 'loops',
    create: () => {
      for (;;);
    },
  };
  const evacuatorWith = (handlerTimeLimitMs: unknown) => () =>
    createEvacuator({
      host: simModule(smallMachine({ pages: 1024 })),
      plugins: [loops],
      handlerTimeLimitMs: handlerTimeLimitMs as number,
    });

  it('holds for the page types of a program', () => {
    expect(evacuatorWith(1)).toThrow('plugin "loops" took longer than 1 ms and was stopped in create; ');
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5'])('cannot be %p', (limit) => {
    expect(evacuatorWith(limit)).toThrow(/^handlerTimeLimitMs is .*; pass milliseconds, from 1 to 3600000$/);
  });
});
