import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nameMachines } from '../../../src/cli/compare/compare-machines.js';
import { shortNames } from '../../../src/cli/short-names.js';

describe('shortNames', () => {
  it.each([
    [
      ['a/one.yaml', 'b/two.yml'],
      ['one', 'two'],
    ],
    [
      ['x/frag/before', 'x/skew/before'],
      ['frag/before', 'skew/before'],
    ],
    [
      ['x/one.yaml', 'y/one.yaml', 'two.yaml'],
      ['x/one', 'y/one', 'two'],
    ],
    [['captures/host.7'], ['host.7']],
  ])('of %j', (paths, names) => {
    expect(shortNames(paths)).toEqual(names);
  });
});

describe('nameMachines', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vacate-machines-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string) => join(folder, name);
  writeFileSync(path('one.yaml'), 'name: one');
  writeFileSync(path('two.yaml'), 'name: two');
  symlinkSync(path('one.yaml'), path('alias.yaml'));
  mkdirSync(path('host'));
  writeFileSync(join(path('host'), 'kpageflags.gz'), 'abc');

  it('reads scenarios as text, and captures by where they are', () => {
    const [one, host] = nameMachines([path('one.yaml'), path('host')]);
    expect(one).toMatchObject({ name: 'one', source: { kind: 'scenario', text: 'name: one' } });
    expect(host).toMatchObject({ name: 'host', source: { kind: 'capture', directory: path('host') } });
  });

  it('knows a machine by what is in its files', () => {
    const [one, two, host] = nameMachines([path('one.yaml'), path('two.yaml'), path('host')]);
    expect(new Set([one?.sha256, two?.sha256, host?.sha256]).size).toBe(3);
    expect(one?.sha256).toMatch(/^[0-9a-f]{64}$/);
    writeFileSync(join(path('host'), 'kpageflags.gz'), 'abd');
    expect(nameMachines([path('host')])[0]?.sha256).not.toBe(host?.sha256);
  });

  it('refuses a machine that is named twice, also by another name', () => {
    expect(() => nameMachines([path('one.yaml'), path('one.yaml')])).toThrow('one.yaml is named twice');
    expect(() => nameMachines([path('one.yaml'), path('alias.yaml')])).toThrow(
      `${path('one.yaml')} and ${path('alias.yaml')} are the same machine; name it once`,
    );
  });

  it('refuses what is no machine', () => {
    expect(() => nameMachines([path('none.yaml')])).toThrow('there is no file or directory');
    writeFileSync(path('x.txt'), '');
    expect(() => nameMachines([path('x.txt')])).toThrow('is neither a scenario nor a capture');
  });
});
