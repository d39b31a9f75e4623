// Scenarios, traces and descriptions of boots, damaged: a document or an InputError; and what is still a document is played or refused.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, it } from "vitest";
import { InputError } from "../../src/errno/index.ts";
import { parseBootDescriptions, playBootDescription } from "../../src/scenario/boot-description.ts";
import { parseDocument, parseScenarios, playScenarios, traceSchema } from "../../src/scenario/index.ts";
import { isIntegrityRecord, parseRecord } from "../../src/scenario/record-fields.ts";
import { damagedText } from "../damage.ts";
import { decoderRuns, runs } from "../fuzz.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const scenarios = ["strace", "evm-hmac", "copies"].map((name) => read(`examples/${name}.yaml`));
const boots = ["boot", "boot-unsigned"].map((name) => read(`examples/${name}.yaml`));
/** The first steps of a recording. */
const trace = JSON.stringify({
  ...parseDocument(read("test/traces/first/policy-lockout.trace.json"), traceSchema, "sample"),
  files: {},
  ...{ steps: [{ op: "sync" }], results: [{ ret: 0, log: ["audit: type=1800"] }] },
});
const json = JSON.stringify(parseScenarios(scenarios[0]!, "sample")[0]);
const words = [
  "- ",
  ": ",
  "\n  ",
  "{ ",
  " }",
  "[",
  '"',
  "&a ",
  "*a",
  "op: ",
  "null",
  "-1",
  "1e99",
  "true",
  "@x",
  "---\n",
  "/mnt/../",
];
const samples = [scenarios[0]!.split("---")[0]!, boots[0]!, json, trace];

/** undefined for what is refused as it should be. */
function taken<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return undefined;
  }
}
const none = (name: string): Uint8Array => {
  throw new InputError("unreadable", name, "no such file");
};

describe("damaged and random input", () => {
  it("as a document", () => {
    fc.assert(
      fc.property(damagedText(samples, words), (text) => {
        taken(() => parseScenarios(text, "s"));
        taken(() => parseBootDescriptions(text, "b"));
        taken(() => parseDocument(text, traceSchema, "t"));
      }),
      runs(2000),
    );
  }, 600_000);

  it("as a scenario that is played", () => {
    fc.assert(
      fc.property(damagedText([...scenarios, json], words), (text) => {
        const parsed = taken(() => parseScenarios(text, "s"));
        if (parsed !== undefined) taken(() => playScenarios(parsed, none));
      }),
      runs(300),
    );
  }, 600_000);

  it("as a boot that is played", () => {
    fc.assert(
      fc.property(
        damagedText(
          boots.map((text) => text.replaceAll(/"@[^"]*"/g, '"3000"')),
          words,
        ),
        (text) => {
          for (const boot of taken(() => parseBootDescriptions(text, "b")) ?? [])
            taken(() => playBootDescription(boot, { read: none }));
        },
      ),
      runs(300),
    );
  }, 600_000);

  it("as a record of a trace", () => {
    const line =
      'audit: type=1800 audit(0.0:0): pid=1 uid=0 op="appraise_data" cause="IMA-signature-required" name="/f" res=0';
    fc.assert(
      fc.property(damagedText([line], ["=", '"', " ", "audit(", "type=", "msg='"]), (text) => {
        parseRecord(text);
        isIntegrityRecord(text);
      }),
      decoderRuns,
    );
  }, 600_000);
});
