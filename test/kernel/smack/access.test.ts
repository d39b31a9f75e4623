// Who may access files under Smack without rules, as recorded on 6.12.117 and 6.1.192.
import { describe, expect, it } from "vitest";
import type { Decision } from "../../../src/appraise/index.ts";
import { boot, type Task } from "../../../src/kernel/index.ts";

const codeOf = (act: () => unknown): string | null => {
  try {
    act();
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

function machine(label: string) {
  const kernel = boot({ cmdline: "lsm=smack", labels: "smack" });
  kernel.mount("/mnt", { fstype: "ext4" });
  const root = kernel.task();
  root.writeFile("/mnt/f", "content");
  root.chmod("/mnt/f", 0o666);
  root.setxattr("/mnt/f", "security.SMACK64", label);
  return { kernel, root, user: kernel.task({ uid: 1000 }) };
}

const named = (task: Task, label: string): void => {
  const fd = task.open("/proc/self/attr/current", "O_WRONLY");
  task.write(fd, label);
  task.close(fd);
};

describe("access without rules", () => {
  it.each([
    // What the floor label of a process may do to a file of this label.
    ["_", null, null],
    ["*", null, null],
    ["@", null, null],
    ["^", "EACCES", "EACCES"],
    ["Secret", "EACCES", "EACCES"],
  ])("to a file labelled %s", (label, reading, writing) => {
    const { user, root } = machine(label);
    expect(codeOf(() => user.readFile("/mnt/f"))).toBe(reading);
    expect(codeOf(() => user.writeFile("/mnt/f", "x"))).toBe(writing);
    // CAP_MAC_OVERRIDE
    expect(codeOf(() => root.readFile("/mnt/f"))).toBeNull();
  });

  it("gives a hat everything to read and nothing to write, and others the floor to read", () => {
    const { kernel, root, user } = machine("Secret");
    root.writeFile("/mnt/floor", "", { mode: 0o666 });
    for (const [label, secret] of [
      ["^", null],
      ["User", "EACCES"],
    ] as const) {
      kernel.labels!.become!(user.process, label);
      expect(codeOf(() => user.readFile("/mnt/f"))).toBe(secret);
      expect(codeOf(() => user.writeFile("/mnt/f", ""))).toBe("EACCES");
      expect(codeOf(() => user.readFile("/mnt/floor"))).toBeNull();
      expect(codeOf(() => user.writeFile("/mnt/floor", ""))).toBe("EACCES");
    }
  });

  it("is refused with a record that names function, labels and access", () => {
    const { kernel, user } = machine("Secret");
    expect(codeOf(() => user.readFile("/mnt/f"))).toBe("EACCES");
    const { ino } = kernel.task().stat("/mnt/f");
    expect(kernel.auditLines.at(-1)).toBe(
      `audit: type=1400 audit(0.0:0): lsm=SMACK fn=smack_inode_permission action=denied subject="_" object="Secret" requested=r pid=${user.process.pid} comm="${user.process.comm}" name="f" dev="sda" ino=${ino}`,
    );
    expect(codeOf(() => user.stat("/mnt/f"))).toBe("EACCES");
    expect(kernel.auditLines.at(-1)).toContain(
      `fn=smack_inode_getattr action=denied subject="_" object="Secret" requested=r pid=${user.process.pid} comm="${user.process.comm}" path="/mnt/f"`,
    );
  });

  it("covers attributes, names and programs", () => {
    const { root, user } = machine("Secret");
    root.chmod("/mnt", 0o777);
    root.chown("/mnt/f", 1000, 0);
    root.chmod("/mnt/f", 0o777);
    for (const act of [
      () => user.chmod("/mnt/f", 0o700),
      () => user.getxattr("/mnt/f", "security.SMACK64"),
      () => user.setxattr("/mnt/f", "user.x", "1"),
      () => user.truncate("/mnt/f", 0),
      () => user.unlink("/mnt/f"),
      () => user.rename("/mnt/f", "/mnt/g"),
      () => user.link("/mnt/f", "/mnt/g"),
      () => user.execve("/mnt/f"),
    ])
      expect(codeOf(act)).toBe("EACCES");
  });
});

describe("labels of processes", () => {
  it("are chosen by who administers labels, whole and none of those for everything", () => {
    const { root, user } = machine("_");
    expect(codeOf(() => named(user, "User"))).toBe("EPERM");
    expect(codeOf(() => named(root, "*"))).toBe("EPERM");
    expect(codeOf(() => named(root, "two words"))).toBe("EINVAL");
    expect(codeOf(() => named(root, "-dash"))).toBe("EINVAL");
    named(root, "User\n");
    expect(new TextDecoder().decode(root.readFile("/proc/self/attr/current"))).toBe("User");
  });

  it("are those that SMACK64EXEC gives a program", () => {
    const { kernel, root } = machine("_");
    root.writeFile("/mnt/p", Uint8Array.of(0x7f, 0x45, 0x4c, 0x46), { mode: 0o755 });
    root.setxattr("/mnt/p", "security.SMACK64EXEC", "Program");
    kernel.securityfs.write("ima/policy", "measure func=CREDS_CHECK subj_user=Program\n");
    const decisions: Decision[] = [];
    kernel.watch((decision) => decisions.push(decision));
    const before = kernel.measuredLines().length;
    codeOf(() => root.execve("/mnt/p"));
    expect(kernel.measuredLines().slice(before)).toEqual([expect.stringContaining(" /mnt/p")]);
    const [decision] = decisions.filter(({ hook }) => hook === "CREDS_CHECK");
    expect(decision!.rules.map(({ outcome }) => outcome)).toEqual(["matched"]);
  });
});
