// Whole scenarios: a kernel is booted, takes a policy, and answers 30 operations on 10 files. A UML kernel takes more than a second for one.
import { createHash } from "node:crypto";
import { parseScenarios, playScenario } from "imasim/scenario";
import type { Suite } from "./suite.ts";

const FILES = 10;
const POLICY = [
  "dont_measure fsmagic=0x9fa0",
  "dont_appraise fsmagic=0x01021994",
  "measure func=BPRM_CHECK",
  "measure func=FILE_CHECK mask=^MAY_READ uid=0",
  "appraise func=BPRM_CHECK fowner=0",
];

function document(): string {
  const files: Record<string, object> = {};
  const steps: object[] = [
    { op: "mount", device: "root", path: "/mnt", fstype: "ext4" },
    { op: "policy", text: `${POLICY.join("\n")}\n` },
  ];
  for (let i = 0; i < FILES; i++) {
    files[`/f${i}`] = { text: `content of file ${i}\n`, mode: "755" };
    steps.push({ op: "readfile", path: `/mnt/f${i}` });
    steps.push(
      i % 2 === 0
        ? { op: "exec", path: `/mnt/f${i}` }
        : { op: "writefile", path: `/mnt/f${i}`, text: `new content of file ${i}\n` },
    );
    steps.push(
      i % 2 === 0
        ? { op: "setxattr", path: `/mnt/f${i}`, name: "user.note", text: "seen" }
        : { op: "readfile", path: `/mnt/f${i}` },
    );
  }
  const kernel = { release: "6.12", cmdline: "ima_appraise=enforce" };
  return JSON.stringify({ kernel, disks: { root: { fstype: "ext4", files } }, steps });
}

const scenarios: Suite = {
  name: "scenario",
  peer: "JSON.parse and a SHA-256 of each file",
  // Most of the library takes part: V8 has optimised it after some thousand calls.
  warmup: 3000,
  run(add) {
    const text = document();
    const [scenario] = parseScenarios(text, "bench");
    const play = () => {
      const { steps } = playScenario(scenario!);
      const denied = steps.filter(({ outcome }) => outcome["errno"] === "EACCES").length;
      if (steps.length !== 2 + 3 * FILES || denied !== FILES / 2)
        throw new Error(`${denied} of ${steps.length} denied`);
      return steps;
    };
    add("boot, policy, 30 operations on 10 files", play, { aim: 500 });
    add("the same from its text", () => playScenario(parseScenarios(text, "bench")[0]!), { aim: 500 });
    add("JSON.parse and a SHA-256 of each file", () => {
      const parsed = JSON.parse(text) as { disks: { root: { files: Record<string, { text: string }> } } };
      return Object.values(parsed.disks.root.files).map((file) => createHash("sha256").update(file.text).digest("hex"));
    });
  },
};

export default scenarios;
