import { z } from 'zod';
import { scenarioSchema } from './schema.js';

/**
 * The scenario format as a JSON Schema (draft 7, which editors know), for completion and checks while one types.
 *
 * @example
 * scenarioJsonSchema()['title']; // "vacate scenario"
 */
export function scenarioJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(scenarioSchema, { io: 'input', target: 'draft-7' });
  const { $schema, ...rest } = schema;
  return {
    $schema,
    $id: 'https://vacate.dev/scenario.schema.json',
    title: 'vacate scenario',
    ...rest,
  };
}
