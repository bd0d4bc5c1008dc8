export { type Activities, startActivities } from './activities/start.js';
export { type HighOrderJob, jobsOf, type OfflineJob, type RequestsJob, type ScenarioJob } from './jobs.js';
export { scenarioJsonSchema } from './json-schema.js';
export { buildMachine, machineFromScenario, type ScenarioOptions } from './machine-from-scenario.js';
export { nodeScenarios } from './node-scenarios.js';
export { parseScenario } from './parse-scenario.js';
export type { Scenario } from './schema.js';
