import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Entrant, Round } from './benchmark.js';

/** The sources stay where they are; what is built lies two folders deeper. */
const SOURCES = fileURLToPath(new URL('../../../../test/bench/c/', import.meta.url));

export interface CProgram {
  readonly name: string;
  /** A file of `c/` that includes bench.h. */
  readonly source: string;
  readonly optimise: '-O2' | '-O3';
  readonly args: readonly (string | number)[];
  readonly nrUnits: number;
  readonly result: string;
  /** How often a round does the work. */
  readonly repeats?: number;
}

/** The machine's compiler, `CC` or cc; null without one that works. */
export function compiler(): string | null {
  const cc = process.env.CC ?? 'cc';
  return spawnSync(cc, ['--version'], { stdio: 'ignore' }).status === 0 ? cc : null;
}

/**
 * A contestant in C: a process that works when it is told to, so that its rounds lie between those of the others. Absent
 * if there is no compiler.
 */
export async function cProgram(program: CProgram): Promise<Entrant> {
  const cc = compiler();
  if (cc === null)
    return { name: program.name, skipped: `no C compiler (${process.env.CC ?? 'cc'}) on this machine; set CC` };
  const process_ = new CProcess(compile(cc, program), program);
  await process_.ready();
  return {
    name: program.name,
    nrUnits: program.nrUnits,
    result: program.result,
    round: () => process_.round(program.repeats ?? 1),
    end: () => process_.end(),
  };
}

/** Compiled for the processor it runs on as little as node is: for the base of its architecture. */
function compile(cc: string, { source, optimise }: CProgram): string {
  const folder = mkdtempSync(join(tmpdir(), 'vacate-bench-c-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, source.replace(/\.c$/, ''));
  const args = ['-std=gnu11', '-Wall', '-Wextra', '-Werror', optimise, '-o', program, join(SOURCES, source)];
  const { status, stderr } = spawnSync(cc, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${cc} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return program;
}

/** Speaks the protocol of bench.h: "ready", then for each "round N" a line "cpu-ns wall-ns hash". */
class CProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #name: string;
  #stderr = '';

  constructor(path: string, { name, args }: CProgram) {
    this.#name = name;
    this.#child = spawn(path, args.map(String));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.#child.stdin.on('error', () => {}); // whoever is gone is missed when it does not answer
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ready(): Promise<void> {
    const line = await this.#line();
    if (line !== 'ready') throw new Error(`${this.#name} said "${line}" instead of being ready`);
  }

  async round(repeats: number): Promise<Round> {
    this.#child.stdin.write(`round ${repeats}\n`);
    const line = await this.#line();
    const match = /^(\d+) (\d+) ([0-9a-f]{8})$/.exec(line);
    if (match === null) throw new Error(`${this.#name} answered "${line}"`);
    return { cpuNs: Number(match[1]) / repeats, wallNs: Number(match[2]) / repeats, hash: match[3]! };
  }

  end(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }

  async #line(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error(`${this.#name} ended: ${this.#stderr.trim() || 'it said nothing'}`);
    return value;
  }
}
