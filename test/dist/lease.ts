import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/*
 * A file that can be read, but whose opening for writing does not return: somebody has a lease on it (fcntl F_SETLEASE),
 * and the kernel lets him have 45 s to give it up. That is what a write to a memory block looks like that never ends, and
 * like that one it ends by a signal.
 */

const PERL = `
  use IO::Handle;
  open(my $file, '<', $ARGV[0]) or die $!;
  $SIG{IO} = sub {};
  fcntl($file, 1024, 0) or die "lease: $!";
  STDOUT->autoflush(1);
  print "held\\n";
  sleep 60 while 1;
`;

export const canLease = spawnSync('perl', ['-e', '1']).status === 0;

export class Lease {
  private constructor(private readonly holder: ChildProcess) {}

  static async on(path: string): Promise<Lease> {
    const holder = spawn('perl', ['-e', PERL, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve());
      holder.once('exit', (code) => reject(new Error(`no lease on ${path}: perl ended with ${code}`)));
    });
    return new Lease(holder);
  }

  /** Lets whoever waits go on. */
  release(): void {
    this.holder.kill('SIGKILL');
  }
}
