import { compareModes, parseScenarios } from "imasim/scenario";
import { expect, it } from "vitest";
import { palette } from "../../src/cli/colour.ts";
import { modesLines } from "../../src/cli/modes-text.ts";

const plain = palette(false, {});

it("shows a row a step and a column a mode, and what stands in the way of a mode", () => {
  const text = `
name: unlabelled
kernel: { cmdline: ima_policy=appraise_tcb, secureBoot: true }
disks: { d: { fstype: ext4, files: { prog: { payload: 'true', mode: '755' } } } }
steps:
  - { op: mount, device: d, path: /mnt, fstype: ext4 }
  - { op: exec, path: /mnt/prog }
`;
  const [scenario] = parseScenarios(text, "test");
  const lines = modesLines("f", scenario!, compareModes(scenario!), plain);
  expect(lines.slice(0, 2)).toEqual(["unlabelled", expect.stringMatching(/^ +off +log +fix +enforce$/)]);
  expect(lines[3]).toMatch(/^ {2}1 {2}exec \/mnt\/prog +(EACCES missing-hash *){4}$/);
  expect(lines.slice(4).map((line) => line.split(":")[0])).toEqual(["off", "log", "fix"]);
});
