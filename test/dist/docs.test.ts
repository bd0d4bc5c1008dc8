import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import { ROOT } from './run-cli.js';

/* `npm run docs`: every public name of every entry has a page, and a warning fails it, of which each undocumented name is one. */

jest.setTimeout(600_000);

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vacate-docs-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('is written without a warning, for every entry', async () => {
  const typedoc = ['node_modules/typedoc/bin/typedoc', '--options', 'src/package/typedoc.jsonc', '--out', folder];
  const { stderr } = await promisify(execFile)(process.execPath, typedoc, { cwd: ROOT });
  expect(stderr).toBe('');
  const pages = [
    ...['index.html', 'functions/vacate.createEvacuator.html', 'functions/vacate_handler.definePageType.html'],
    ...['classes/vacate_strategy.OrderAccount.html', 'functions/vacate_testing.pageTypeConformance.html'],
    ...['classes/vacate_sim.SimHost.html', 'classes/vacate_linux.LiveFiles.html'],
    'variables/plugins_anonymous.default.html',
  ];
  expect(pages.filter((page) => !existsSync(join(folder, page)))).toEqual([]);
});
