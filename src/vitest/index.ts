// Matchers for vitest: `expect.extend(matchers)`, and an assertion says in the field's words what a kernel did.
export { type DenialExpected, type FileOf, type MeasurementExpected, matchers } from "./matchers.ts";
