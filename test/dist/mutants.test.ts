import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { mutants, mutated } from '../interleave/mutants.js';
import type { Verdict } from '../interleave/mutants-find.js';
import { knownPaths } from '../interleave/mutants-report.js';
import { ROOT } from './run-cli.js';

const MAIN = 'dist/test/interleave/mutants-main.js';
const readme = readFileSync(`${ROOT}/test/interleave/README.md`, 'utf8');
const deadly = mutants.filter(({ harmless }) => harmless === undefined);
const harmless = mutants.filter((mutant) => mutant.harmless !== undefined);

async function explored(): Promise<{ exitCode: number | null; verdicts: Verdict[] }> {
  const child = spawn(process.execPath, [MAIN, '--known', '--json'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  const lines = (await text(child.stdout)).trim().split('\n');
  return { exitCode: await ended, verdicts: lines.map((line) => JSON.parse(line) as Verdict) };
}

describe('the guards of the migration protocol', () => {
  it('are each found out when they are off, as README.md has it, and do no harm on the same path when they are on', async () => {
    const { exitCode, verdicts } = await explored();
    const known = knownPaths(readme);
    const expected = mutants.map(({ name, harmless: why }) => ({
      name,
      failed: null,
      isFound: why === undefined,
      known: known.get(name)?.because ?? null,
    }));
    const came = mutants.map(({ name }) => {
      const verdict = verdicts.find(({ mutant }) => mutant === name);
      return { name, failed: verdict?.failed, isFound: verdict?.found != null, known: verdict?.known };
    });
    expect(came).toEqual(expected);
    expect(exitCode).toBe(0);
  }, 900_000);

  it('are in README.md by name, with why nothing happens without those that are not needed', () => {
    expect([...knownPaths(readme).keys()]).toEqual(deadly.map(({ name }) => name));
    for (const { name, harmless: why } of harmless) {
      expect(readme).toContain(`| ${name} | `);
      expect(readme).toContain(`| ${why} |`);
    }
    expect(harmless.length).toBeLessThanOrEqual(deadly.length / 6);
  });
});

describe('a mutant', () => {
  const [mutant] = mutants;
  const [edit] = mutant!.edits;

  it('is what was built with its edits made, wherever lines break', () => {
    const source = `before; ${edit!.find.replaceAll(' ', '\n   ')} after;`;
    const others = { ...mutant!, edits: [edit!] };
    expect(mutated(others, edit!.file, source)).toBe(`before; ${edit!.put} after;`);
    expect(mutated(others, 'src/another-file.js', source)).toBe(source);
  });

  it('fails if the guard has moved, or stands there twice', () => {
    const others = { ...mutant!, edits: [edit!] };
    expect(() => mutated(others, edit!.file, 'nothing of it')).toThrow('the guard has moved');
    expect(() => mutated(others, edit!.file, `${edit!.find} ${edit!.find}`)).toThrow('has 2 times');
  });

  it('is edited in the product, in a built file that is there', () => {
    for (const { edits } of mutants)
      for (const { file } of edits) expect(file).toMatch(/^(src\/(migration|sim)|plugins|test\/interleave)\//);
  });
});
