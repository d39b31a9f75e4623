// Arbitraries for fast-check, and a search for holes in a policy.
export type { PolicyPromise } from "./attack.ts";
export { findHole, type Hole, type HoleSearch } from "./find-hole.ts";
export type { GroundOptions } from "./ground.ts";
export { anyChange, anyUse, type OperationOptions } from "./operations.ts";
export { anyPolicy, anyRule } from "./policies.ts";
export { anySequence } from "./sequences.ts";
export { anyCredentials, anyFile, anyXattrs, type Ids } from "./tasks.ts";
export type { UseKind } from "./uses.ts";
