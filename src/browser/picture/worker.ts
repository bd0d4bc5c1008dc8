import type { FromPicture, ToPicture } from './messages.js';
import { Picture } from './picture.js';

/** What of a worker's own scope is used here; the types of a page have no name for it. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToPicture>) => void) | null;
  postMessage(message: FromPicture): void;
  close(): void;
}

const scope = globalThis as unknown as WorkerScope;
let picture: Picture | null = null;

scope.onmessage = ({ data }) => {
  if (data.kind === 'start') picture = new Picture(data, (message) => scope.postMessage(message));
  else if (data.kind === 'stop') scope.close();
  else picture?.hear(data);
};
