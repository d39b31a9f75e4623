// A replay reports exactly what was altered in a recording: a comparison that cannot fail would be worth nothing.
import { type Difference, replayTrace, type Trace } from "imasim/scenario";
import { describe, expect, it } from "vitest";
import { readTrace, tracesOf } from "./traces.ts";

type Result = NonNullable<Trace["results"][number]>;
const where = (differences: readonly Difference[]) => differences.map(({ step, what }) => ({ step, what }));

/** Steps of a trace whose results have something. */
function stepsWith(trace: Trace, wanted: (result: Result) => boolean): number[] {
  return trace.results.flatMap((result, i) => (result && wanted(result) ? [i] : []));
}

function alter(trace: Trace, step: number, change: (result: Record<string, unknown>) => void): Trace {
  const copy = structuredClone(trace);
  change(copy.results[step] as Record<string, unknown>);
  return copy;
}

const integrityRecord = (line: string): boolean => /^audit: type=180[0-7] /.test(line);

describe.each(tracesOf("first"))("altering %s", (name) => {
  const trace = readTrace("first", name);

  it("an outcome: success becomes an errno, an errno another one", () => {
    for (const step of stepsWith(trace, (r) => r.errno !== undefined)) {
      const altered = alter(trace, step, (r) => {
        r["errno"] = r["errno"] === "EPERM" ? "EACCES" : "EPERM";
      });
      expect(where(replayTrace(altered).differences)).toEqual([{ step, what: "outcome" }]);
    }
    const [first] = stepsWith(trace, (r) => r.ret !== undefined && r.errno === undefined);
    const altered = alter(trace, first!, (r) => {
      delete r["ret"];
      r["errno"] = "EACCES";
    });
    expect(where(replayTrace(altered).differences)).toContainEqual({ step: first, what: "outcome" });
  });

  it("data that was read, an xattr value, an exit status", () => {
    for (const field of ["data", "hex", "exit"])
      for (const step of stepsWith(trace, (r) => r[field] !== undefined)) {
        const altered = alter(trace, step, (r) => {
          r[field] = typeof r[field] === "number" ? r[field] + 1 : `${String(r[field])}00`;
        });
        expect(where(replayTrace(altered).differences)).toEqual([{ step, what: "outcome" }]);
      }
  });

  it("a list entry: changed, missing, one too many", () => {
    for (const step of stepsWith(trace, (r) => r.measured !== undefined)) {
      const changes: ((lines: string[]) => string[])[] = [
        (lines) => lines.map((line) => line.replace(/^10 /, "11 ")),
        (lines) => lines.slice(1),
        (lines) => [...lines, lines[0]!],
      ];
      for (const change of changes) {
        const altered = alter(trace, step, (r) => {
          r["measured"] = change(r["measured"] as string[]);
        });
        expect(where(replayTrace(altered).differences)).toEqual([{ step, what: "measured" }]);
      }
    }
  });

  it("an audit record: a field, one missing; but not a volatile field", () => {
    for (const step of stepsWith(trace, (r) => r.log?.some(integrityRecord) ?? false)) {
      const inRecords = (change: (line: string) => string[]) =>
        alter(trace, step, (r) => {
          r["log"] = (r["log"] as string[]).flatMap((line) => (integrityRecord(line) ? change(line) : [line]));
        });
      expect(where(replayTrace(inRecords(() => [])).differences)).toEqual([{ step, what: "audit" }]);
      expect(where(replayTrace(inRecords((line) => [line.replace(/res=(\d)/, "res=7")])).differences)).toEqual([
        { step, what: "audit" },
      ]);
      const volatile = inRecords((line) => [line.replace(/pid=\w+/, "pid=4711").replace(/ses=\d+/, "ses=3")]);
      expect(replayTrace(volatile).differences).toEqual([]);
    }
  });

  it("a line of the log", () => {
    for (const step of stepsWith(trace, (r) => r.log?.some((line) => line.startsWith("ima:")) ?? false)) {
      const altered = alter(trace, step, (r) => {
        r["log"] = (r["log"] as string[]).map((line) => line.replace(/^ima: /, "ima: not "));
      });
      expect(where(replayTrace(altered).differences)).toEqual([{ step, what: "log" }]);
    }
  });

  it("the boot", () => {
    const altered = structuredClone(trace);
    altered.boot.log = (altered.boot.log ?? []).filter((line) => !line.startsWith("ima:"));
    altered.boot.measured = [];
    expect(where(replayTrace(altered).differences)).toEqual([
      { step: -1, what: "measured" },
      { step: -1, what: "log" },
    ]);
  });
});

it("steps that agree are counted", () => {
  const trace = readTrace("first", tracesOf("first")[0]!);
  const altered = alter(trace, 0, (r) => {
    r["ret"] = 99;
  });
  const { steps, agreed } = replayTrace(altered);
  expect({ steps, agreed }).toEqual({ steps: trace.steps.length, agreed: trace.steps.length - 1 });
});

describe("results that are missing", () => {
  const trace = readTrace("first", tracesOf("first")[0]!);

  it("are no agreement", () => {
    const results = trace.results.map((result, i) => (i < 2 ? result : null));
    const { steps, agreed, unrecorded } = replayTrace({ ...trace, results });
    expect({ steps, agreed, unrecorded }).toEqual({ steps: 2, agreed: 2, unrecorded: trace.steps.length - 2 });
  });

  it("are refused where there is no place for them", () => {
    const one = { ...trace, results: trace.results.slice(1) };
    expect(() => replayTrace(one)).toThrow(`results: ${one.results.length} for ${trace.steps.length} steps`);
  });
});
