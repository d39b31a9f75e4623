// The policy engine: reading rules, and deciding against lists of them, without a cache.
import { ACTION, FUNC, type MatchQuery, parsePolicy } from "imasim/policy";
import { type MatchSettings, walkRules } from "../src/policy/match.ts";
import type { Suite } from "./suite.ts";

const HOOKS = ["FILE_CHECK", "BPRM_CHECK", "MMAP_CHECK", "MODULE_CHECK", "FIRMWARE_CHECK"] as const;

/** Rules as a distribution's policy has them, each by another owner, label or file system; the query matches none but the last. */
function rules(count: number): string {
  const lines = Array.from({ length: count - 1 }, (_, i) => {
    const hook = HOOKS[i % HOOKS.length]!;
    if (i % 4 === 0) return `dont_measure func=${hook} fsmagic=0x${(0x1000 + i).toString(16)}`;
    if (i % 4 === 1) return `measure func=${hook} fowner=${10_000 + i}`;
    if (i % 4 === 2) return `appraise func=${hook} uid=${20_000 + i}`;
    return `audit func=${hook} fsuuid=${(i + 1).toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
  });
  return `${[...lines, "appraise func=FILE_CHECK fowner=0"].join("\n")}\n`;
}

const QUERY: MatchQuery = {
  func: FUNC.FILE_CHECK,
  mask: 4,
  wanted: ACTION.MEASURE | ACTION.APPRAISE | ACTION.AUDIT | ACTION.HASH,
  cred: { uid: 0, euid: 0, suid: 0, gid: 0, egid: 0, sgid: 0 },
  currentCapable: { setuid: true, setgid: true },
  inode: {
    uid: 0,
    gid: 0,
    sb: { magic: 0xef53, type: { name: "ext4" }, subtype: null, uuid: new Uint8Array(16).fill(9) },
  } as unknown as MatchQuery["inode"],
  objectLabel: null,
  subjectLabel: null,
  data: null,
};

const SETTINGS: MatchSettings = {
  labels: { source: null, errorMatches: false, stale: "error", refresh: () => undefined },
  defaultPcr: 10,
  failSecurely: false,
};

const decisions: Suite = {
  name: "decide",
  peer: "60 rules, walked one by one",
  run(add) {
    for (const count of [10, 60, 100, 1000]) {
      const policy = parsePolicy(rules(count), { release: "6.12" });
      if (!policy.accepted) throw new Error(String(policy.diagnostics[0]));
      const decide = (): number => {
        const { action } = policy.match(QUERY);
        if ((action & ACTION.APPRAISE) === 0) throw new Error("the last rule did not match");
        return action;
      };
      add(`${count} rules`, decide, { aim: 2 });
      if (count === 60 || count === 1000)
        add(`${count} rules, walked one by one`, () => walkRules(policy.rules, QUERY, SETTINGS));
    }
  },
};

const reading: Suite = {
  name: "parse",
  peer: "splitting 1,000 rules at blanks",
  run(add) {
    const text = rules(1000);
    add("1,000 rules", () => parsePolicy(text, { release: "6.12" }), { bytes: text.length });
    add("splitting 1,000 rules at blanks", () => text.split("\n").map((line) => line.split(" ")));
  },
};

export default [decisions, reading];
