import { spawn, spawnSync } from 'node:child_process';
import { ROOT } from './run-cli.js';

/* A terminal for a command, and what somebody in front of it would see. */

export const hasTerminals = spawnSync('python3', ['-c', 'import pty']).status === 0;

/**
 * Runs a command on a terminal of its own and passes on what it prints. On standard input it takes "size ROWS COLUMNS" and
 * "keys TEXT", a line each.
 */
const ON_TERMINAL = `
import fcntl, os, pty, select, struct, sys, termios
rows, columns = int(sys.argv[1]), int(sys.argv[2])
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
    os.execvp(sys.argv[3], sys.argv[3:])
asked = b''
isOpen = True
while True:
    ready = select.select([terminal] + ([0] if isOpen else []), [], [])[0]
    if 0 in ready:
        piece = os.read(0, 4096)
        isOpen = piece != b''
        asked += piece
        *lines, asked = asked.split(b'\\n')
        for line in lines:
            word, rest = line.split(b' ', 1)
            if word == b'size':
                rows, columns = map(int, rest.split())
                fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
            else: os.write(terminal, rest.replace(b'^C', b'\\x03'))
    if terminal in ready:
        try: piece = os.read(terminal, 65536)
        except OSError: break
        if piece == b'': break
        os.write(1, piece)
status = os.waitpid(pid, 0)[1]
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
`;

export interface Shown {
  readonly exitCode: number | null;
  /** All that was written to the terminal. */
  readonly written: string;
  /** Lines that stand there in the end. */
  readonly screen: readonly string[];
}

export interface TerminalOptions {
  readonly rows?: number;
  readonly columns?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Told of all that was written so far, each time that there is more; what it returns is done, once each. */
  readonly onWritten?: (written: string) => string | null;
}

/** Runs the built command line on a terminal, to its end. */
export function onTerminal(args: readonly string[], options: TerminalOptions = {}): Promise<Shown> {
  const { rows = 40, columns = 80, env = {}, onWritten } = options;
  const command = [process.execPath, 'dist/cli/main.js', ...args];
  const { FORCE_COLOR: _forced, NO_COLOR: _refused, ...inherited } = process.env;
  const child = spawn('python3', ['-c', ON_TERMINAL, `${rows}`, `${columns}`, ...command], {
    cwd: ROOT,
    env: { ...inherited, TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env },
  });
  let written = '';
  const done = new Set<string>();
  child.stdout.setEncoding('utf8').on('data', (text) => {
    written += text;
    const wish = onWritten?.(written) ?? null;
    if (wish === null || done.has(wish)) return;
    done.add(wish);
    child.stdin.write(`${wish}\n`);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => {
      child.stdin.end();
      resolve({ exitCode, written, screen: screenOf(written) });
    });
  });
}

const CONTROL_OR_CHARACTER = new RegExp(`${String.fromCharCode(27)}\\[(\\??[\\d;]*)([A-Za-z])|[\\s\\S]`, 'gu');

/** What stands on an endless sheet after all of this was written: it knows what we use and nothing else. */
export function screenOf(written: string): string[] {
  const lines: string[][] = [[]];
  let row = 0;
  let column = 0;
  const pieces = written.matchAll(CONTROL_OR_CHARACTER);
  for (const [piece, count = '', letter] of pieces) {
    const line = lines[row]!;
    if (letter === 'A') row = Math.max(0, row - Number(count || 1));
    else if (letter === 'G') column = Number(count || 1) - 1;
    else if (letter === 'K') line.length = count === '2' ? 0 : Math.min(line.length, column);
    else if (letter === 'J') {
      line.length = Math.min(line.length, column);
      lines.length = row + 1;
    } else if (letter !== undefined) continue;
    else if (piece === '\r') column = 0;
    else if (piece === '\n') {
      row++;
      if (row === lines.length) lines.push([]);
    } else {
      while (line.length < column) line.push(' ');
      line[column++] = piece;
    }
  }
  return lines.map((line) => line.join('').trimEnd());
}
