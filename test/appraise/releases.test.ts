// What changed between releases in the cache, the hooks and appraisal: each row of src/release/features.ts from both sides.
import { describe, expect, it } from "vitest";
import { type BootOptions, boot, type Decision } from "../../src/index.ts";
import type { Feature } from "../../src/release/features.ts";
import { FEATURES } from "../../src/release/features.ts";
import { Release } from "../../src/release/index.ts";
import { hashLabel } from "./walk.ts";

const F = "/mnt/f";
const APPRAISE = "appraise func=FILE_CHECK fsname=ext4\n";
/** The shape of a signature by a key that nobody has. */
const SIGNATURE = Uint8Array.of(3, 2, 4, 1, 2, 3, 4, 0, 1, 9);

function machine(release: string, policy: string, options: BootOptions = {}) {
  const kernel = boot({ release, cmdline: "ima_appraise=enforce", ...options });
  kernel.mount("/mnt", { fstype: "ext4" });
  const root = kernel.task({ umask: 0 });
  const decisions: Decision[] = [];
  kernel.watch((decision) => decisions.push(decision));
  const label = (path: string, content: string, mode = 0o644) => {
    root.writeFile(path, content, { mode });
    root.setxattr(path, "security.ima", hashLabel(content));
  };
  label(F, "content");
  if (policy !== "") kernel.securityfs.write("ima/policy", policy);
  /** null, or the errno of what was refused. */
  const told = (call: () => unknown): string | null => {
    const done = kernel.attempt(call);
    return done.ok ? null : done.error.code;
  };
  const records = (type: number) => kernel.auditLines.filter((line) => line.startsWith(`audit: type=${type} `));
  return { kernel, root, decisions, label, told, records };
}

/** The last release without a behaviour and the first with it, in the mainline and in each series that received it. */
function sides(feature: Feature): (readonly [string, boolean])[] {
  const { since, backports = {} }: { since: string; backports?: Readonly<Record<string, number>> } = FEATURES[feature];
  const [major = 0, minor = 0] = since.split(".").map(Number);
  const previous = minor > 0 ? `${major}.${minor - 1}` : `${major - 1}.19`;
  const stable = Object.entries(backports).flatMap(([series, patch]) => [
    [`${series}.${patch - 1}`, false] as const,
    [`${series}.${patch}`, true] as const,
  ]);
  return [[previous.replace(/^(\d+\.\d+)$/, "$1.0"), false], [since, true], ...stable];
}

describe("both sides of", () => {
  it.each(sides("new-file-survives-setattr"))("new-file-survives-setattr: %s %s", (release, has) => {
    const { root, told } = machine(release, APPRAISE);
    const fd = root.open("/mnt/new", "O_WRONLY|O_CREAT");
    root.chmod("/mnt/new", 0o600);
    expect(told(() => root.close(root.open("/mnt/new", "O_RDONLY")))).toBe(has ? null : "EACCES");
    root.close(fd);
  });

  it.each(sides("digsig-kept-on-other-xattr"))("digsig-kept-on-other-xattr: %s %s", (release, has) => {
    const { kernel, root } = machine(release, APPRAISE, { cmdline: "ima_appraise=log" });
    root.setxattr(F, "security.ima", SIGNATURE);
    root.readFile(F);
    const { iints } = kernel.ima!;
    const { inode } = root.process.file(root.open(F))!;
    expect(iints.find(inode)?.digsig).toBe(true);
    // EVM vouches for the label that changes, and lets it change: no HMAC can ever come.
    kernel.securityfs.write("integrity/evm/evm", "0x80000002");
    root.setxattr(F, "security.SMACK64EXEC", "label");
    expect(iints.find(inode)?.digsig).toBe(has);
  });

  it.each(sides("truncate-hooks"))("truncate-hooks: %s %s", (release, has) => {
    const { root, told } = machine(release, APPRAISE);
    root.readFile(F);
    root.truncate(F, 3);
    expect(told(() => root.readFile(F))).toBe(has ? "EACCES" : null);
  });

  it.each(sides("fix-respects-read-only"))("fix-respects-read-only: %s %s", (release, has) => {
    const { root, told } = machine(release, APPRAISE, { cmdline: "ima_appraise=fix" });
    const fd = root.open(F);
    root.removexattr(F, "security.ima");
    root.process.sys.chattr(fd, ["immutable"], []);
    root.readFile(F);
    expect(told(() => root.getxattr(F, "security.ima"))).toBe(has ? "ENODATA" : null);
  });

  it.each(sides("mprotect-check"))("mprotect-check: %s %s", (release, has) => {
    const { root, told } = machine(release, "appraise func=MMAP_CHECK fsname=ext4\n");
    const map = root.mmap(root.open(F), "PROT_READ");
    expect(told(() => root.mprotect(map, "PROT_READ|PROT_EXEC"))).toBe(has ? "EPERM" : null);
  });

  it.each(sides("mmap-check-effective"))("mmap-check-effective: %s %s", (release, has) => {
    // READ_IMPLIES_EXEC: the mapping is executable though nobody asked for that.
    const { root, decisions } = machine(release, "measure func=MMAP_CHECK fsname=ext4\n");
    root.process.readImpliesExec = true;
    root.mmap(root.open(F), "PROT_READ");
    expect(decisions.some(({ hook }) => hook === "MMAP_CHECK")).toBe(has);
  });

  it.each(sides("setxattr-algorithm-check"))("setxattr-algorithm-check: %s %s", (release, has) => {
    const { root, told } = machine(release, APPRAISE);
    const rmd256 = Uint8Array.of(4, 9, ...new Uint8Array(32));
    expect(told(() => root.setxattr(F, "security.ima", rmd256))).toBe(has ? "EACCES" : null);
  });

  it.each(sides("init-module-critical-data"))("init-module-critical-data: %s %s", (release, has) => {
    const { kernel, root } = machine(release, "measure func=CRITICAL_DATA label=modules\n");
    root.process.sys.initModule(new Uint8Array(100), "");
    expect(kernel.measuredLines().some((line) => line.includes(" init_module "))).toBe(has);
  });

  it.each(sides("check-execve"))("check-execve: %s %s", (release, has) => {
    const { root, label, told, records } = machine(
      release,
      "appraise func=BPRM_CHECK fsname=ext4\nmeasure func=BPRM_CHECK\n",
    );
    label("/mnt/good", "echo good\n", 0o755);
    root.writeFile("/mnt/bad", "echo bad\n", { mode: 0o755 });
    expect(told(() => root.checkExecve("/mnt/good"))).toBe(has ? null : "EINVAL");
    expect(told(() => root.checkExecve("/mnt/bad"))).toBe(has ? "EACCES" : "EINVAL");
    // Its record has a type of its own: an interpreter may not heed the answer. Running the file has the kernel's.
    expect(records(1808)).toHaveLength(has ? 1 : 0);
    expect(records(1800)).toHaveLength(0);
    if (!has) return;
    expect(records(1808)[0]).toMatch(/op=appraise_data cause=missing-hash comm="sh" name="\/mnt\/bad"/);
    expect(told(() => root.execve("/mnt/bad"))).toBe("EACCES");
    expect(records(1800)).toHaveLength(1);
  });

  it.each(sides("creds-check-final"))("creds-check-final: %s %s", (release, has) => {
    const { root, decisions, label } = machine(release, "measure func=CREDS_CHECK fsname=ext4\n");
    label("/mnt/script", "#!/mnt/none\n", 0o755);
    root.kernel.attempt(() => root.execve("/mnt/script"));
    expect(decisions.some(({ hook }) => hook === "CREDS_CHECK")).toBe(!has);
  });

  it.each(sides("evm-fix-beside-signature"))("evm-fix-beside-signature: %s %s", (release, has) => {
    const { kernel, root, told } = machine(release, APPRAISE, { cmdline: "ima_appraise=fix evm=fix" });
    root.removexattr(F, "security.ima");
    root.setxattr(F, "security.ima", SIGNATURE);
    kernel.evm!.setup.setKey(new Uint8Array(32).fill(1));
    root.readFile(F);
    expect(told(() => root.getxattr(F, "security.evm"))).toBe(has ? null : "ENODATA");
    expect(root.getxattr(F, "security.ima")).toEqual(SIGNATURE);
  });

  it.each(sides("overlay-backing-change"))("overlay-backing-change: %s %s", (release, has) => {
    const kernel = boot({ release, cmdline: "ima_appraise=enforce" });
    kernel.mount("/below", { fstype: "ext4" });
    const root = kernel.task();
    for (const part of ["lower", "upper", "work"]) root.mkdir(`/below/${part}`);
    root.writeFile("/below/lower/f", "content");
    root.setxattr("/below/lower/f", "security.ima", hashLabel("content"));
    const options = "lowerdir=/below/lower,upperdir=/below/upper,workdir=/below/work";
    kernel.mount("/mnt", { fstype: "overlay", options });
    kernel.securityfs.write("ima/policy", "appraise func=FILE_CHECK fsname=overlay\n");
    root.readFile(F);
    root.writeFile("/below/lower/f", "changed");
    expect(kernel.attempt(() => root.readFile(F)).ok).toBe(!has);
  });
});

it("a release is before or after a change, whichever series it is of", () => {
  for (const feature of Object.keys(FEATURES) as Feature[])
    for (const [release, has] of sides(feature))
      expect({ feature, release, has: Release.parse(release).has(feature) }).toEqual({ feature, release, has });
});
