import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

it('what is kept of the AssemblyScript is what it compiles to', () => {
  const build = fileURLToPath(new URL('../../../src/simd/assembly/build.mjs', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [build, '--check'], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
}, 120_000);
