import { spawnSync } from 'node:child_process';

const TUNABLE = 'glibc.malloc.hugetlb=1';

/** True if large memory of this process lies in huge pages, as far as the kernel has some. */
export function hasHugePages(): boolean {
  return process.env.GLIBC_TUNABLES?.includes(TUNABLE) === true;
}

/**
 * Runs this program again in a process whose C library asks for huge pages, and returns its exit code; null if it is that
 * process, or if GLIBC_TUNABLES says something of its own. There is no other way to ask for them from JavaScript.
 */
export function againInHugePages(): number | null {
  if (process.platform !== 'linux' || process.env.GLIBC_TUNABLES !== undefined) return null;
  const { status } = spawnSync(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, GLIBC_TUNABLES: TUNABLE },
  });
  return status ?? 1;
}
