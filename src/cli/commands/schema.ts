import { scenarioJsonSchema } from '../../scenario/index.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE } from '../exit-codes.js';

/** `vacate schema`: the format of scenario files, for editors that complete and check YAML. */
export function schema(context: Context): number {
  printJson(context, scenarioJsonSchema());
  return EXIT_DONE;
}
