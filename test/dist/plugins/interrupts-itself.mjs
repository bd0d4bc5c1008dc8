/**
 * For `node --import`: whoever listens to signals gets the one that VACATE_TEST_SIGNAL names, as soon as it listens. So a
 * command is interrupted before it has begun, however fast this computer is.
 */
const signal = process.env.VACATE_TEST_SIGNAL;
let isSent = false;

process.on('newListener', (name) => {
  if (name !== 'SIGINT' || isSent) return;
  isSent = true;
  setImmediate(() => process.kill(process.pid, signal));
});
