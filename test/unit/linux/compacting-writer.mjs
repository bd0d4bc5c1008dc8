import { copyFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * A writer beside a kernel that compacts: whatever lies in the folder "then" of the tree is what /proc says after the
 * write, and an "error" there is what the kernel says of the write. Without that folder it is at work for ever.
 */
process.on('disconnect', () => process.exit());
process.on('message', ({ path, word }) => {
  const root = path.slice(0, path.search(/\/(proc|sys)\//));
  const then = join(root, 'then');
  if (!existsSync(then)) return;
  const names = readdirSync(then);
  const error = names.find((name) => name.startsWith('E')) ?? null;
  if (error === null) writeFileSync(path, word);
  for (const name of names) if (name !== error) copyFileSync(join(then, name), join(root, 'proc', name));
  process.send({ error });
});
process.send('ready');
