import { type Context, printJson } from '../context.js';
import { EXIT_DONE } from '../exit-codes.js';
import { inspectJson } from '../inspect-json.js';
import { inspectReport } from '../inspect-report.js';
import { inspectText } from '../inspect-text.js';
import { openMachine } from '../open-machine.js';

export interface InspectOptions {
  readonly seed?: number;
  readonly json?: boolean;
}

/** `vacate inspect`: what is where. */
export async function inspect(context: Context, machineName: string, options: InspectOptions): Promise<number> {
  const open = await openMachine(machineName, { ...context, seed: options.seed });
  const report = inspectReport(open);
  await context.interrupts.breathe();
  if (options.json === true) printJson(context, inspectJson(report));
  else context.print(inspectText(report, context.palette).join('\n'));
  return EXIT_DONE;
}
