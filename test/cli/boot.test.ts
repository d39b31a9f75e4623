// imasim boot, run in this process on the examples and on descriptions that cannot be used.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { bootCommand } from "../../src/cli/boot.node.ts";
import { assemble, failure } from "../../src/cli/program.ts";

const examples = fileURLToPath(new URL("../../examples", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "imasim-boot-"));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]): Promise<{ status: number; out: string }> {
  let out = "";
  vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    out += String(chunk);
    return true;
  });
  try {
    await assemble("1.0.0", [bootCommand()]).parseAsync(["boot", ...args], { from: "user" });
  } catch (error) {
    const { line, status } = failure(error);
    return { status, out: line ?? "" };
  }
  return { status: Number(process.exitCode ?? 0), out };
}

function described(text: string): string {
  const file = join(folder, "boot.yaml");
  writeFileSync(file, text);
  return file;
}

it("ends with 0 where the machine comes up, and with 1 where it does not", async () => {
  const up = await run(`${examples}/boot.yaml`);
  expect(up).toMatchObject({
    status: 0,
    out: expect.stringContaining("\ncomes up: init and all that is needed start\n"),
  });
  const down = await run(`${examples}/boot.yaml`, `${examples}/boot-unsigned.yaml`);
  expect(down.status).toBe(1);
  expect(down.out).toContain(
    "\nfirst denied: /usr/sbin/sshd (services): IMA-signature-required, rule 2: appraise func=BPRM_CHECK",
  );
  expect(down.out).toContain("\nemergency shell: /usr/sbin/sshd is needed and does not start\n");
});

it("prints one JSON object a boot, with the rule that denied and each step with its decisions", async () => {
  const { status, out } = await run("--json", `${examples}/boot-unsigned.yaml`);
  const told = JSON.parse(out);
  expect(status).toBe(1);
  expect(told).toMatchObject({
    verdict: "emergency-shell",
    unknowns: [],
    firstDenied: { file: "/usr/sbin/sshd", errno: "EACCES", cause: "IMA-signature-required" },
  });
  expect(told.firstDenied.rules).toEqual([{ number: 2, text: "appraise func=BPRM_CHECK appraise_type=imasig" }]);
  expect(told.steps[told.firstDenied.step]).toMatchObject({
    stage: "services",
    outcome: "denied",
    decisions: [{ verdict: "deny" }],
  });
});

it("does not know of a root that was not given, nor of a program whose libraries were not", async () => {
  const bare = await run(described("initramfs: { /init: { payload: 'true', mode: '755' } }\n"));
  expect(bare).toMatchObject({
    status: 1,
    out: expect.stringMatching(/not known: what lies on the root was not given\nunknown\n/),
  });
  const loader =
    "initramfs: null\nroot: { fstype: ext4, files: { /sbin/init: { payload: 'interp:/ld.so', mode: '755' }, /ld.so: { payload: 'true', mode: '755' } } }\n";
  expect(await run(described(loader))).toMatchObject({
    status: 1,
    out: expect.stringContaining("unknown: what /sbin/init loads and runs was not given"),
  });
});

it("plays each boot of a stream, and reads @file beside the document", async () => {
  writeFileSync(join(folder, "motd"), "hello\n");
  const one =
    "initramfs: null\nroot: { fstype: ext4, files: { /sbin/init: { payload: 'true', mode: '755' }, /etc/motd: '@motd' } }\ninit: { reads: [/etc/motd] }\n";
  const { status, out } = await run(
    "--json",
    described(`${one}---\n${one}kernel: { cmdline: ima_policy=appraise_tcb }\n`),
  );
  expect(status).toBe(1);
  expect(
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).verdict),
  ).toEqual(["comes-up", "halts"]);
});

describe("archives", () => {
  const root = `${examples}/root.tar.gz`;
  const initramfs = `${examples}/initrd.img`;

  it("are booted without a description", async () => {
    const up = await run("--root", root, "--initramfs", initramfs);
    expect(up).toMatchObject({ status: 0, out: expect.stringContaining("initramfs  start /init  ok") });
    const down = await run("--json", "--root", root, "--cmdline", "ima_policy=appraise_tcb", "--fstype", "xfs");
    expect(JSON.parse(down.out)).toMatchObject({
      verdict: "halts",
      firstDenied: { file: "/sbin/init", cause: "missing-hash" },
    });
    expect(down.out).toContain("mount xfs");
  });

  it("stand in a description, whose own files go before those of the archive", async () => {
    const text = (label: string) =>
      `initramfs: "@${initramfs}"\nkernel: { cmdline: ima_policy=appraise_tcb }\nroot: { fstype: ext4, tar: "@${root}"${label} }\n`;
    expect((await run(described(text("")))).status).toBe(1);
    const files =
      ", files: { /usr/lib/systemd/systemd: { payload: 'true', mode: '755', xattrs: { security.ima: '04' } } }";
    const { out } = await run("--json", described(text(files)));
    expect(JSON.parse(out).firstDenied.cause).toBe("invalid-hash");
  });

  it.each([
    [["--root", `${examples}/boot.yaml`], "root.tar, byte 0: this is no header of a tar archive"],
    [["--initramfs", `${examples}/boot.yaml`], "initramfs, byte 0: this is no header of a cpio archive"],
    [["--initramfs", root], "initramfs, byte 0, unpacked, byte 0: this is no header of a cpio archive"],
    [["--root", `${examples}/nosuch`], "nosuch: no such file"],
    [[], "give a description, --root or --initramfs"],
  ])("%j ends with 2", async (args, why) => {
    const { status, out } = await run(...args);
    expect({ status, out }).toMatchObject({ status: 2, out: expect.stringContaining(why) });
  });

  it("damaged by gzip's own account are told as such", async () => {
    const file = join(folder, "broken.gz");
    writeFileSync(file, readFileSync(root).subarray(0, 100));
    expect(await run("--root", file)).toMatchObject({
      status: 2,
      out: expect.stringContaining("root.tar: what is compressed with gzip cannot be unpacked: unexpected end of file"),
    });
  });
});

describe("a description that cannot be used ends with 2 and says where and why", () => {
  it.each([
    ["initramfs: 3\n", "initramfs: Invalid input: expected record or string"],
    ["initramfs: { x: '00' }\n", "initramfs.x: not an absolute path"],
    ["initramfs: { /a: '00', /a/b: '00' }\n", "initramfs./a/b: cannot be made: ENOTDIR"],
    ["initramfs: { /a: '@nosuch' }\n", "no such file or directory"],
    ["initramfs: null\nroot: { fstype: nosuch }\n", "root: nosuch is not a file system that lies on a disk"],
    [
      "initramfs: null\nroot: { fstype: ext4, files: { /a: { text: x }, /a/b: { text: y } } }\n",
      "root, file /a/b: a is not a directory",
    ],
    ["initramfs: null\nkernel: { config: { FOO: true } }\n", "kernel.config.FOO: imasim knows no symbol FOO"],
    ["initramfs: null\nservices: [{ path: /x, libarries: [] }]\n", 'services[0]: Unrecognized key: "libarries"'],
    ["kernel: {}\n", "initramfs: "],
    ["- 1\n", "expected object"],
    ["{\n", "boot.yaml:"],
  ])("%j", async (text, why) => {
    const file = described(text);
    const { status, out } = await run(file);
    expect({ status, out }).toMatchObject({ status: 2, out: expect.stringContaining(why) });
    expect(out.startsWith("imasim: ")).toBe(true);
    expect(out).not.toContain("\n");
  });
});
