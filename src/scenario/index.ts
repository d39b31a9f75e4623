// Scenarios and traces: reading them, playing and replaying them.
export type { FileReader } from "./arguments.ts";
export {
  type BootDescription,
  bootDescriptionSchema,
  parseBootDescriptions,
  playBootDescription,
} from "./boot-description.ts";
export type { Difference, DifferenceKind, StepResult } from "./compare.ts";
export { parseDocument } from "./document.ts";
export {
  type CompareModesOptions,
  compareModes,
  type EvmState,
  type ModeColumn,
  type ModeComparison,
  type ModeOutcome,
  type ModeRow,
} from "./modes.ts";
export { type Replay, replayTrace } from "./replay.ts";
export { type Played, type PlayedStep, parseScenarios, playScenario, playScenarios } from "./run.ts";
export { type Scenario, scenarioSchema, type Trace, traceSchema } from "./schema.ts";
