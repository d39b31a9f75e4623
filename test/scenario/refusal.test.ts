// A played scenario tells which link of trust a refused certificate lacks.
import { playScenario } from "imasim/scenario";
import { expect, it } from "vitest";
import { pem, testFile } from "../keyring/test-keys.node.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const add = (name: string, keyring: string) =>
  ({ op: "addkey", type: "asymmetric", description: "", hex: hex(testFile(name)), keyring }) as const;

it("tells which link of trust is missing, and nothing where none is", () => {
  const { steps } = playScenario({
    keys: [hex(pem("ca.pem"))],
    steps: [
      add("rogue.der", ".ima"),
      add("ima.der", ".ima"),
      add("rogue.der", "@u"),
      add("corpus/nousage.der", ".evm"),
    ],
  });
  expect(steps.map(({ outcome }) => outcome["errno"] ?? "ok")).toEqual(["ENOKEY", "ok", "ok", "ENOKEY"]);
  expect(steps.map(({ refusal }) => refusal)).toEqual([
    expect.stringMatching(/^\.ima refuses the certificate with ENOKEY: .*'a trusted signer' \(not found: /),
    null,
    null,
    expect.stringMatching(/^\.evm refuses .*'digitalSignature in keyUsage' \(it is not set, or there is no keyUsage\)/),
  ]);
});
