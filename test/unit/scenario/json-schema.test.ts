import { describe, expect, it } from '@jest/globals';
import { scenarioJsonSchema } from '../../../src/scenario/json-schema.js';

type Schema = Record<string, unknown>;

/** Every object schema in the tree, with the way to it. */
function objectsIn(schema: unknown, path = ''): [string, Schema][] {
  if (typeof schema !== 'object' || schema === null) return [];
  const found: [string, Schema][] = 'properties' in schema ? [[path, schema as Schema]] : [];
  return [...found, ...Object.entries(schema).flatMap(([key, value]) => objectsIn(value, `${path}/${key}`))];
}

describe('scenarioJsonSchema', () => {
  const schema = scenarioJsonSchema();

  it('has a name by which editors find it', () => {
    expect(schema).toMatchObject({
      $schema: 'http://json-schema.org/draft-07/schema#',
      $id: 'https://vacate.dev/scenario.schema.json',
      title: 'vacate scenario',
      type: 'object',
      required: ['name', 'nodes'],
    });
  });

  it('describes what is written, not what it is parsed to', () => {
    const { properties } = schema as { properties: Record<string, Schema> };
    expect(properties.blockSize).toMatchObject({ type: 'string', default: '128MiB' });
    expect(properties.seed).toMatchObject({ type: 'integer', default: 1 });
  });

  it('knows every workload, job and activity', () => {
    const kinds = objectsIn(schema).flatMap(([, { properties }]) => {
      const { kind } = properties as { kind?: { const?: string } };
      return kind?.const === undefined ? [] : [kind.const];
    });
    expect(kinds).toHaveLength(18 + 3 + 7);
    expect(new Set(kinds).size).toBe(18 + 3 + 7);
  });

  it('allows no unknown keys and describes every known one', () => {
    const objects = objectsIn(schema);
    expect(objects.length).toBeGreaterThan(15);
    for (const [path, { properties, additionalProperties }] of objects) {
      expect([path, additionalProperties]).toEqual([path, false]);
      for (const [key, value] of Object.entries(properties as Record<string, Schema>))
        expect([path, key, typeof value.description]).toEqual([path, key, 'string']);
    }
  });
});
