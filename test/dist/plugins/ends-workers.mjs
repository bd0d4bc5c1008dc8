import { isMainThread } from 'node:worker_threads';
import anonymous from 'vacate/plugins/anonymous';

// Ends the thread without an error, as no plugin should, wherever it is not the main one.
if (!isMainThread) process.exit(7);

export default { ...anonymous, name: 'ends-workers' };
