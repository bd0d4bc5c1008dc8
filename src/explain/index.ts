export type {
  AttemptCause,
  AttemptExplanation,
  AttemptOutcome,
  ExplainedPage,
  PageGroup,
  References,
} from './attempt.js';
export { explainAttempt, explainLog } from './explain-attempts.js';
export type { Asked, BlockEvidence, Knowledge } from './knowledge.js';
export type { VerdictId } from './verdicts.js';
