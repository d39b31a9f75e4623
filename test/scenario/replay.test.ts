// Every recording of a real kernel replays: outcomes, list entries, audit records and log lines, step by step.
import { replayTrace } from "imasim/scenario";
import { describe, expect, it } from "vitest";
import { families, readTrace, tracesOf } from "./traces.ts";

describe.each(families)("recordings of %s", (family) => {
  const names = tracesOf(family);
  it("are there", () => {
    expect(names.length).toBeGreaterThan(0);
  });
  it.each(names)("%s", (name) => {
    const { steps, agreed, differences } = replayTrace(readTrace(family, name));
    expect(differences).toEqual([]);
    expect(agreed).toBe(steps);
  });
});
