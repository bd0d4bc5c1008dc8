import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CaptureFiles, readCapture } from '../../src/capture/index.js';
import { createEvacuator } from '../../src/container/create-evacuator.js';
import { type BlockForecast, forecast, kernelSaid } from '../../src/forecast/index.js';
import type { PageType } from '../../src/handler/define-page-type.js';
import { machineFromImage } from '../../src/sim/from-image.js';
import { simModule } from '../../src/sim/sim-module.js';

/** What a kernel did when it was asked to take a block offline: a line of offline.tsv. */
export interface Attempt {
  readonly block: number;
  readonly zones: string;
  /** offline, refused, or refused-timeout. */
  readonly result: string;
  /** Directory of the capture that was taken just before. */
  readonly capture: string;
}

/** The attempts of a folder whose captures are there: a fixture keeps some of a boot's. */
export function attemptsIn(folder: string): Attempt[] {
  const lines = readFileSync(join(folder, 'offline.tsv'), 'utf8').trim().split('\n').slice(1);
  return lines
    .map((line) => {
      const [name = '', zones = '', result = '', , , , capture] = line.split('\t');
      return {
        block: Number(name.replace('memory', '')),
        zones,
        result,
        capture: join(folder, capture || `before-${name}`),
      };
    })
    .filter(({ capture }) => existsSync(capture));
}

/** A folder with an offline.tsv, or those in it that have one. */
export function attemptFoldersIn(folder: string): string[] {
  const hasAttempts = (path: string) => existsSync(join(path, 'offline.tsv'));
  if (hasAttempts(folder)) return [folder];
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .filter(hasAttempts);
}

/** What the forecast says of one block of a capture. */
export function forecastBlock(capture: string, block: number, plugins: readonly PageType[]): BlockForecast {
  const files = new CaptureFiles(capture);
  const image = readCapture(files);
  const { service, dispose } = createEvacuator({ host: simModule(machineFromImage(image)), plugins });
  const { blocks } = forecast(service, { blocks: [block], said: kernelSaid(image, files) });
  dispose();
  return blocks[0]!;
}

export type Grade = 'right' | 'wrong' | 'undecided';

export function gradeOf({ verdict }: Pick<BlockForecast, 'verdict'>, { result }: Pick<Attempt, 'result'>): Grade {
  if (verdict === 'cannot-know') return 'undecided';
  return (verdict === 'will-go') === (result === 'offline') ? 'right' : 'wrong';
}
