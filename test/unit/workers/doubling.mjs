/** A worker for tests: posts the numbers from 1 to the task's, doubled; a task can be bad in several ways. */
export default async function run({ task, port }) {
  if (task.dies) process.exit(3);
  for (let n = 1; n <= task.count; n++) port.postMessage(n * 2);
  if (task.fails) throw new Error(`failed after ${task.count}`);
  if (task.forever) for (;;);
  return task.count;
}
