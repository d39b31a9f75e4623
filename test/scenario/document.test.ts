// Bad documents: one message with place and reason.
import { InputError } from "imasim";
import { parseDocument, playScenario, scenarioSchema, traceSchema } from "imasim/scenario";
import { describe, expect, it, vi } from "vitest";

function refusal(
  text: string,
  schema: typeof scenarioSchema | typeof traceSchema = scenarioSchema,
): { code: string; message: string } {
  try {
    parseDocument(text, schema, "file");
  } catch (error) {
    if (error instanceof InputError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("it was accepted");
}

describe("documents that are refused", () => {
  it("say nothing but that", () => {
    const warned = vi.spyOn(process, "emitWarning");
    expect(refusal("? [a, b]\n: 1\n").code).toBe("bad-document");
    expect(warned).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  it.each([
    ["JSON that ends early", '{"steps": [', "bad-json", /^file/],
    ["YAML with a tab for indentation", "steps:\n\t- op: nop\n", "bad-yaml", /^file:2/],
    ["no steps", "{}", "bad-document", /steps/],
    ["an unknown op", '{"steps":[{"op":"opne"}]}', "bad-document", /steps\[0\]\.op: unknown op "opne"/],
    ["an op in other letters", '{"steps":[{"op":"readFile","path":"/x"}]}', "bad-document", /did you mean readfile\?/],
    ["an unknown field", '{"steps":[{"op":"nop","pathh":"/x"}]}', "bad-document", /steps\[0\].*pathh/],
    [
      "a mode that is not octal",
      '{"steps":[{"op":"chmod","path":"/x","mode":"u+x"}]}',
      "bad-document",
      /steps\[0\]\.mode/,
    ],
    [
      "a UUID that is none",
      '{"disks":{"d":{"fstype":"ext4","uuid":"1"}},"steps":[]}',
      "bad-document",
      /disks\.d\.uuid: not a UUID/,
    ],
    ["an empty file", "", "bad-document", /./],
    ["a key that is a list", "? [a, b]\n: 1\nsteps: []\n", "bad-document", /Unrecognized key/],
    ["JSON in a line of 10 MB", `{"name":"${"x".repeat(10_000_000)}","steps":[]}`, "too-long", /^file:1: a line of/],
    ["a line of 10 MB", `steps: [${"x".repeat(10_000_000)}]`, "too-long", /^file:1/],
    [
      "an alias bomb",
      `a: &a [x,x,x,x,x,x,x,x,x]\n${["b", "c", "d", "e", "f"].map((k, i) => `${k}: &${k} [${Array(9).fill(`*${"abcde"[i]}`).join(",")}]`).join("\n")}\n`,
      "bad-yaml",
      /./,
    ],
  ])("%s", (_, text, code, message) => {
    const refused = refusal(text);
    expect(refused.code).toBe(code);
    expect(refused.message).toMatch(message);
    expect(refused.message.split("\n")).toHaveLength(1);
  });

  it("a trace without results", () => {
    expect(
      refusal(
        '{"name":"x","kernel":{"release":"6.12","cmdline":"","rootfs":"tmpfs","config":[]},"boot":{},"steps":[]}',
        traceSchema,
      ).message,
    ).toMatch(/results/);
  });
});

describe("kernels that cannot be booted", () => {
  const play = (kernel: object) =>
    playScenario(parseDocument(JSON.stringify({ kernel, steps: [] }), scenarioSchema, "file"));
  it.each([
    ["an unknown release", { release: "six" }, "bad-release"],
    ["a release before 4.4", { release: "3.10" }, "bad-release"],
    ["an unknown symbol", { config: { IMA_FOO: true } }, "bad-kconfig"],
    ["a contradiction", { config: { IMA_APPRAISE: false, IMA_APPRAISE_BOOTPARAM: true } }, "bad-kconfig"],
    ["a value of the wrong kind", { config: { IMA_MEASURE_PCR_IDX: true } }, "bad-kconfig"],
    ["a PCR out of range", { config: { IMA_MEASURE_PCR_IDX: 3 } }, "bad-kconfig"],
    ["a line that is no setting", { config: ["IMA=y"] }, "bad-kconfig"],
  ])("%s", (_, kernel, code) => {
    expect(() => play(kernel)).toThrow(expect.objectContaining({ name: "InputError", code }));
  });

  it("are told with the place in the document", () => {
    expect(() => play({ release: "3.10" })).toThrow(/^kernel\.release: 3\.10 is older than 4\.4/);
    expect(() => play({ config: { IMA_FOO: true } })).toThrow(/^kernel\.config\.IMA_FOO: /);
    const files = { "etc/x": { text: "" } };
    expect(() => playScenario(parseDocument(JSON.stringify({ files, steps: [] }), scenarioSchema, "file"))).toThrow(
      /^files\.etc\/x: /,
    );
  });
});

it("YAML and JSON say the same", () => {
  const yaml = "steps:\n  - { op: mkdir, path: /a }\n  - { op: stat, path: /a }\n";
  const json = '{"steps":[{"op":"mkdir","path":"/a"},{"op":"stat","path":"/a"}]}';
  expect(parseDocument(yaml, scenarioSchema, "y")).toEqual(parseDocument(json, scenarioSchema, "j"));
});
