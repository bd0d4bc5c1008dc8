import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/**
 * How long `vacate capture` takes beside a plain read of the same files of /proc: `cat` to /dev/null, then the whole
 * command with one reader and with two, gzip and start of Node included, in turn, round after round. Medians of the
 * ratios; and a hash of pages that went through a capture, which must be theirs. Needs root and a host that does nothing
 * else. Exits with 1 if a ratio is above what the project promises or a hash is wrong.
 *
 * `npm run build && node dist/test/bench/capture.js [rounds]`
 */
const FILES = ['/proc/kpageflags', '/proc/kpagecount'];
const RATIO_MAX = { 1: 1.1, 2: 0.75 } as const;
const ROUNDS = Number(process.argv[2] ?? 7);
const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

function secondsOf(command: string, args: readonly string[]): number {
  const since = performance.now();
  const { status, stderr } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return (performance.now() - since) / 1000;
}

function capture(out: string, ...args: readonly string[]): number {
  rmSync(out, { recursive: true, force: true });
  return secondsOf(process.execPath, [MAIN, 'capture', '--out', out, ...args]);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/** What the kernel says now, copied into a tree and captured from there by two readers, must come out as it went in. */
function checkHashes(folder: string): boolean {
  const root = join(folder, 'root');
  mkdirSync(join(root, 'proc'), { recursive: true });
  const hashes = FILES.map((file) => {
    const bytes = readFileSync(file);
    writeFileSync(join(root, file), bytes);
    return hash(bytes);
  });
  const out = join(folder, 'copy');
  capture(out, '--root', root, '--readers', '2');
  return FILES.map((file, at) => {
    const found = hash(gunzipSync(readFileSync(join(out, `${file.slice('/proc/'.length)}.gz`))));
    console.log(`${file}  sha256 ${hashes[at]}  captured ${found}`);
    return found === hashes[at];
  }).every(Boolean);
}

const folder = mkdtempSync(join(tmpdir(), 'vacate-capture-bench-'));
try {
  const out = join(folder, 'out');
  const ratios: Record<1 | 2, number[]> = { 1: [], 2: [] };
  console.log('round   cat s   1 reader s   2 readers s');
  for (let round = 0; round < ROUNDS; round++) {
    // Before and after, so that a host that grows slower meanwhile does not tell for or against anybody.
    const before = secondsOf('cat', FILES);
    const one = capture(out, '--readers', '1');
    const two = capture(out, '--readers', '2');
    const plain = (before + secondsOf('cat', FILES)) / 2;
    ratios[1].push(one / plain);
    ratios[2].push(two / plain);
    const cells = [plain, one, two].map((seconds) => seconds.toFixed(2));
    console.log(
      `${String(round + 1).padEnd(5)} ${cells[0]!.padStart(7)} ${cells[1]!.padStart(12)} ${cells[2]!.padStart(13)}`,
    );
  }
  let isFast = true;
  for (const readers of [1, 2] as const) {
    const ratio = median(ratios[readers]);
    isFast &&= ratio <= RATIO_MAX[readers];
    console.log(
      `${readers} reader${readers === 1 ? ' ' : 's'}: ${ratio.toFixed(2)} of cat's time, at most ${RATIO_MAX[readers]}`,
    );
  }
  process.exitCode = checkHashes(folder) && isFast ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
