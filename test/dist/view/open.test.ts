import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from '@jest/globals';
import { vacate } from '../run-cli.js';

const MACHINE = 'examples/scenarios/two-dimms.yaml';
const TIMEOUT_MS = 300_000;
const folder = mkdtempSync(join(tmpdir(), 'vacate-view-'));
afterAll(() => rmSync(folder, { recursive: true }));

it(
  'opens the page in a browser whose arguments, which everybody may read, do not hold the token',
  async () => {
    const [browser, arguments_, seen] = ['browser', 'arguments', 'seen'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(
      browser,
      `#!/bin/sh\nf="\${1#file://}"\nstat -c %a "$f" > ${seen}\ncat "$f" >> ${seen}\necho "$@" > ${arguments_}\n`,
    );
    chmodSync(browser, 0o755);
    const ended = await vacate(['view', MACHINE, '--open'], {
      env: { BROWSER: browser },
      interruptWhen: () => existsSync(arguments_) && statSync(arguments_).size > 0,
    });
    expect(ended.exitCode).toBe(130);
    expect(ended.stderr).toBe('vacate: open this address in a browser of this machine; Ctrl-C ends it\n');
    const url = ended.stdout.trim();
    const [mode, page] = readFileSync(seen, 'utf8').split('\n') as [string, string];
    expect(mode).toBe('600');
    expect(page).toContain(`url=${url}"`);
    const argument = readFileSync(arguments_, 'utf8').trim();
    expect(argument).not.toContain(new URL(url).searchParams.get('token'));
    expect(existsSync(fileURLToPath(argument))).toBe(false);
  },
  TIMEOUT_MS,
);

it(
  'says so where there is no browser, and goes on',
  async () => {
    const ended = await vacate(['view', MACHINE, '--open'], {
      env: { BROWSER: join(folder, 'no-such-browser') },
      interruptAt: 'open the address yourself',
    });
    expect(ended.stderr).toContain('cannot be started (ENOENT); open the address yourself');
    expect(ended.exitCode).toBe(130);
  },
  TIMEOUT_MS,
);
