import { readdirSync, readFileSync, statSync } from 'node:fs';

/** Low bits of the flags that a file was opened with: 0 to read only (include/uapi/asm-generic/fcntl.h). */
const ACCESS_MODE = 3;

/**
 * True if a process of this host has the file open to write to it (/proc/PID/fd, Linux Documentation/filesystems/proc.rst).
 * Of processes that are not ours to look into, and where there is no /proc, nothing is known: then it is false.
 */
export function hasWriter(path: string): boolean {
  const file = statSync(path, { throwIfNoEntry: false });
  if (file === undefined) return false;
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) =>
      namesIn(`/proc/${pid}/fd`).some((number) => {
        const open = tryTo(() => statSync(`/proc/${pid}/fd/${number}`));
        return open?.ino === file.ino && open.dev === file.dev && isWritable(`/proc/${pid}/fdinfo/${number}`);
      }),
    );
}

function isWritable(info: string): boolean {
  const flags = /^flags:\s+([0-7]{1,12})$/m.exec(tryTo(() => readFileSync(info, 'utf8')) ?? '')?.[1] ?? '0';
  return (Number.parseInt(flags, 8) & ACCESS_MODE) !== 0;
}

function namesIn(directory: string): string[] {
  return tryTo(() => readdirSync(directory)) ?? [];
}

/** Processes end while one looks at them. */
function tryTo<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
