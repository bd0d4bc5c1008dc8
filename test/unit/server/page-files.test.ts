import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PageFiles } from '../../../src/server/page-files.js';

describe('the files of the page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vacate-page-'));
  beforeAll(() => {
    mkdirSync(join(folder, 'page/assets'), { recursive: true });
    writeFileSync(join(folder, 'secret.js'), 'secret');
    for (const name of ['index.html', 'assets/main.js', 'assets/main.js.map', 'assets/icon.svg'])
      writeFileSync(join(folder, 'page', name), name);
    symlinkSync(join(folder, 'secret.js'), join(folder, 'page/assets/link.js'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are found by their path, with the type that browsers want', () => {
    const files = new PageFiles(join(folder, 'page'));
    expect(files.index).toMatchObject({ type: 'text/html; charset=utf-8' });
    expect(files.asset('/assets/main.js')).toEqual({
      path: join(folder, 'page/assets/main.js'),
      type: 'text/javascript; charset=utf-8',
    });
    expect(files.asset('/assets/icon.svg')?.type).toBe('image/svg+xml');
  });

  it.each([
    ['a folder', '/assets/'],
    ['the way out', '/../secret.js'],
    ['the way out, encoded', '/%2e%2e/secret.js'],
    ['a link to the outside', '/assets/link.js'],
    ['what browsers have no type for', '/assets/main.js.map'],
    ['the page itself, which takes a token', '/index.html'],
    ['another case', '/ASSETS/main.js'],
    ['a word of JavaScript', '/constructor'],
  ])('are not: %s', (_what, path) => {
    expect(new PageFiles(join(folder, 'page')).asset(path)).toBeNull();
  });

  it('may be missing', () => {
    expect(new PageFiles(join(folder, 'none')).index).toBeNull();
  });
});
