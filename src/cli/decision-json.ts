// Decisions in what `--json` prints: rules as numbers and texts, without what they were parsed into.
import type { Decision } from "../appraise/index.ts";

export const decisionJson = (decision: Decision) => ({
  ...decision,
  rules: decision.rules.map(({ number, text, outcome, failed }) => ({ number, text, outcome, failed })),
});
