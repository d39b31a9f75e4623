// What IMA and EVM see of idmapped mounts: rules and the mode that an ACL gives go by the owners that the mount shows, digests by those on
// the disk (security/integrity/ima/ima_policy.c: ima_match_rules; evm/evm_main.c: evm_inode_set_acl_change; evm_crypto.c: hmac_add_misc).
import { readFileSync } from "node:fs";
import { boot } from "imasim";
import { parseDocument, playScenario, type Scenario, scenarioSchema, traceSchema } from "imasim/scenario";
import { describe, expect, it } from "vitest";
import { payload } from "../../src/scenario/payload.ts";
import { pem } from "../keyring/test-keys.node.ts";

const CASE = "test/traces/evm-sig/evm-sig-utils-07-metadata-change.trace.json";
const trace = parseDocument(readFileSync(CASE, "utf8"), traceSchema, CASE);
/** u::rw,g::r,o::r */
const SAME = "0200000001000600ffffffff04000400ffffffff20000400ffffffff";

/** portable_signatures, case 7, up to the ACLs, and the steps given. */
function caseSeven(steps: readonly unknown[]) {
  const { kernel, files, disks } = trace;
  const scenario = {
    kernel: { release: kernel.release, config: kernel.config, cmdline: kernel.cmdline },
    files,
    disks,
    keys: [Buffer.from(pem("ca.pem")).toString("hex")],
    steps: [...trace.steps.slice(0, 4), ...steps],
  };
  const played = playScenario(parseDocument(JSON.stringify(scenario), scenarioSchema, "case 7") as Scenario);
  return played.steps.slice(4).map(({ outcome }) => outcome["errno"] ?? "ok");
}

describe("portable_signatures, case 7, through an idmapped mount", () => {
  const drop = { drop: ["CAP_FSETID"] };
  const idmapped = { op: "mount", source: "/mnt", path: "/idmapped", flags: ["MS_BIND"], mkdir: true };
  const set = { op: "setxattr", name: "system.posix_acl_access", hex: SAME };

  it("the same ACL keeps set-group-ID for who is in the group that the mount shows, CAP_FSETID or not", () => {
    expect(
      caseSeven([
        { ...idmapped, idmap: "b:3001:0:1" },
        { ...set, path: "/idmapped/test-file", as: drop },
        { op: "readfile", path: "/idmapped/test-file" },
      ]),
    ).toEqual(["ok", "ok", "ok"]);
  });

  it("without the mapping, or with another one, it takes CAP_FSETID", () => {
    expect(
      caseSeven([
        { ...set, path: "/mnt/test-file", as: drop },
        { ...set, path: "/mnt/test-file" },
        { ...idmapped, idmap: "b:3001:5:1" },
        { ...set, path: "/idmapped/test-file", as: { uid: 5, gid: 6 } },
        { ...set, path: "/idmapped/test-file", as: { uid: 5, gid: 5 } },
      ]),
    ).toEqual(["EPERM", "ok", "ok", "EPERM", "ok"]);
  });

  it("the same owner and mode are those that the mount shows", () => {
    expect(
      caseSeven([
        { ...idmapped, idmap: "b:3001:0:1" },
        { op: "chown", path: "/idmapped/test-file", uid: 0, gid: 0 },
        { op: "chown", path: "/idmapped/test-file", uid: 3001, gid: 3001 },
        { op: "chmod", path: "/idmapped/test-file", mode: "2644", as: drop },
        { op: "chmod", path: "/idmapped/test-file", mode: "2666" },
      ]),
    ).toEqual(["ok", "ok", "EOVERFLOW", "ok", "EPERM"]);
  });
});

describe("rules", () => {
  it("fowner= and fgroup= compare what the mount shows, template fields and digests what is on the disk", () => {
    const kernel = boot({ cmdline: "ima_template_fmt=n-ng|iuid|igid" });
    kernel.mount("/disk", { fstype: "ext4" });
    const task = kernel.task();
    task.writeFile("/disk/f", "f");
    task.writeFile("/disk/g", "g");
    for (const name of ["f", "g"]) task.chown(`/disk/${name}`, 1000, 1000);
    kernel.bind("/disk", "/idmapped", { idmap: "b:1000:7:1 b:0:0:1" });
    kernel.securityfs.write("ima/policy", "measure fowner=7\nmeasure fgroup=7\n");
    task.readFile("/disk/f");
    task.readFile("/idmapped/g");
    const lines = kernel.measuredLines().filter((line) => line.includes("/disk") || line.includes("/idmapped"));
    expect(lines).toEqual([expect.stringMatching(/\/idmapped\/g 1000 1000$/)]);
  });

  it("a set-user-ID program becomes the owner that the mount shows, or nobody else", () => {
    const kernel = boot({ release: "6.19", cmdline: "" });
    kernel.mount("/disk", { fstype: "ext4" });
    const task = kernel.task();
    for (const [name, id] of [
      ["a", 1000],
      ["b", 2000],
    ] as const) {
      task.writeFile(`/disk/${name}`, payload("true"), { mode: 0o755 });
      task.chown(`/disk/${name}`, id, id);
      task.chmod(`/disk/${name}`, 0o4755);
    }
    kernel.bind("/disk", "/m", { idmap: "b:1000:7:1 b:0:0:1" });
    kernel.securityfs.write("ima/policy", "measure func=CREDS_CHECK euid=7\nmeasure func=CREDS_CHECK euid=2000\n");
    for (const name of ["a", "b"]) task.execve(`/m/${name}`);
    expect(kernel.measuredLines().filter((line) => line.includes(" /m/"))).toEqual([expect.stringMatching(/ \/m\/a$/)]);
  });
});

describe("kernel.bind", () => {
  it("refuses what cannot be mapped", () => {
    const kernel = boot({ cmdline: "" });
    kernel.mount("/disk", { fstype: "ext4" });
    const refusal = (code: string) => expect.objectContaining({ code }) as Error;
    expect(() => kernel.bind("/disk", "/m", { idmap: "b:1000" })).toThrow(refusal("bad-idmap"));
    expect(() => kernel.bind("/sys", "/m", { idmap: "b:1000:0:1" })).toThrow(refusal("EINVAL"));
    kernel.bind("/disk", "/m", { idmap: "b:0:0:1", readOnly: true });
    expect(() => kernel.task().writeFile("/m/new", "")).toThrow("EROFS");
  });
});
