import { close, constants, open, write } from 'node:fs';
import { codeOf } from '../../base/errno.js';
import type { WriterAnswer, WriterOrder } from './writer-process.js';

/*
 * A process that does one write at a time for WriterProcess. The write waits in a thread of libuv's pool, as long as the
 * kernel likes; the main thread listens. When whoever forked us is gone, however it ended, nobody can interrupt the
 * kernel any more: then we end ourselves by SIGKILL, which does. For anything less libuv would try the write again.
 */

/** Ctrl-C is meant for whoever forked us, and decides when we end. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

process.on('message', ({ path, word }: WriterOrder) => {
  const answer = (error: unknown) => send({ error: error === null ? null : codeOf(error) });
  open(path, constants.O_WRONLY | constants.O_TRUNC, (cannotOpen, file) => {
    if (cannotOpen !== null) return answer(cannotOpen);
    write(file, word, null, 'utf8', (cannotWrite) => close(file, (cannotClose) => answer(cannotWrite ?? cannotClose)));
  });
});

send('ready');

function send(answer: WriterAnswer): void {
  // That nobody is there any more is told by 'disconnect'.
  process.send?.(answer, () => {});
}
