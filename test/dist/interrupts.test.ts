import { spawnSync } from 'node:child_process';
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { emptyTree, put, removeTrees } from '../unit/linux/trees.js';
import { ROOT, vacate } from './run-cli.js';

/* Ctrl-C, and what else ends programs, in every command; those that write to a host have tests of their own. */

const CAPTURES = 'test/fixtures/captures';
const CAPTURE = `${CAPTURES}/mixed-offline/before-memory32`;
const PLUGINS = 'test/dist/plugins';
const SMALL = 'examples/scenarios/two-dimms.yaml';
/** So large that a capture of it can be interrupted, and almost nothing on disk. */
const LARGE_BYTES = 512 * 1024 * 1024;
const PATIENCE_MS = 300_000;

afterAll(removeTrees);

const linesOf = (text: string) => text.split('\n').slice(0, -1);

describe('a signal that comes before anything is done', () => {
  const COMMANDS: readonly (readonly [signal: string, args: readonly string[]])[] = [
    ['SIGINT', ['demo']],
    ['SIGTERM', ['offline', CAPTURE, '--dimm', 'dimm0']],
    ['SIGHUP', ['high-order', SMALL, '--order', '9', '--count', '4']],
    ['SIGINT', ['high-order', CAPTURE, '--what-if']],
    ['SIGTERM', ['forecast', CAPTURE]],
    ['SIGHUP', ['inspect', SMALL]],
    ['SIGINT', ['lint', CAPTURE]],
    ['SIGTERM', ['explain', `${CAPTURES}/mixed-offline`, '--json']],
  ];

  it.each(COMMANDS)(
    '%s ends %j with 130 and a sentence',
    async (signal, args) => {
      const env = { NODE_OPTIONS: `--import ./${PLUGINS}/interrupts-itself.mjs`, VACATE_TEST_SIGNAL: signal };
      const { exitCode, stdout, stderr } = await vacate(args, { env });
      expect(linesOf(stderr)).toEqual(['vacate: interrupted: nothing was changed']);
      expect([exitCode, stdout]).toEqual([130, '']);
    },
    PATIENCE_MS,
  );
});

it(
  'a signal in the midst of the demo ends it, and it says what stands',
  async () => {
    const { exitCode, stdout, stderr } = await vacate(['demo'], { interruptAt: 'Taking dimm1 offline' });
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/^vacate: interrupted: .+$/)]);
    expect(exitCode).toBe(130);
    expect(stdout).not.toContain('Go on with');
  },
  PATIENCE_MS,
);

it(
  'Ctrl-C asked twice ends at once what would not listen',
  async () => {
    const args = ['offline', SMALL, '--dimm', 'dimm1', '--plugin', `${PLUGINS}/hangs.mjs`];
    const { exitCode, stdout, stderr } = await vacate(args, {
      interruptAt: 'the plugin is being loaded',
      againAfterMs: 700,
    });
    expect(linesOf(stderr).slice(1)).toEqual([
      'vacate: interrupted twice: ended at once, and nothing but a simulation was under way',
    ]);
    expect([exitCode, stdout]).toEqual([130, '']);
  },
  PATIENCE_MS,
);

/** Runs a command on a terminal of its own, and closes that as soon as there is something in a folder. */
const CLOSE_TERMINAL = `
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0: os.execvp(sys.argv[2], sys.argv[2:])
while not os.listdir(sys.argv[1]): time.sleep(0.01)
os.close(terminal)
status = os.waitpid(pid, 0)[1]
print('signal', os.WTERMSIG(status)) if os.WIFSIGNALED(status) else print('exit', os.WEXITSTATUS(status))
`;
const hasPython = spawnSync('python3', ['-c', 'import pty']).status === 0;

(hasPython ? it : it.skip)(
  `a terminal that is closed${hasPython ? '' : ' (skipped: python3, which opens one, is not installed)'}: cleans up and leaves no core dump`,
  () => {
    const root = emptyTree();
    for (const name of ['kpageflags', 'kpagecount']) {
      put(root, { [`proc/${name}`]: '' });
      truncateSync(join(root, 'proc', name), LARGE_BYTES);
    }
    const folder = emptyTree();
    const command = ['node', 'dist/cli/main.js', 'capture', '--out', join(folder, 'host7'), '--root', root];
    const ended = spawnSync('python3', ['-c', CLOSE_TERMINAL, folder, ...command], { cwd: ROOT, encoding: 'utf8' });
    // SIGHUP, as of a program that does not listen to it.
    expect([ended.stdout, ended.stderr]).toEqual(['signal 1\n', '']);
    expect(readdirSync(folder)).toEqual([]);
  },
  PATIENCE_MS,
);
