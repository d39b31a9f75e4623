// Firmware that drivers ask for, as far as integrity meets it. Recordings in test/traces/hooks show the same on real kernels.
import { describe, expect, it } from "vitest";
import { type BootOptions, boot, type Decision, type KernelError } from "../../src/index.ts";

const HIGHER = ["/custom", "/lib/firmware/updates/6.12.117", "/lib/firmware/updates", "/lib/firmware/6.12.117"];
const LOWEST = "/lib/firmware";

function machine(options: BootOptions = {}, policy = "") {
  const kernel = boot({ release: "6.12.117", cmdline: "ima_appraise=enforce", ...options });
  const root = kernel.task();
  for (const directory of [...HIGHER, LOWEST]) root.mkdir(directory, { recursive: true });
  if (policy !== "") kernel.securityfs.write("ima/policy", policy);
  const decisions: Decision[] = [];
  kernel.watch((decision) => decisions.push(decision));
  const ask = (name: string, ...rest: [Parameters<typeof root.requestFirmware>[1]?]) => {
    const got = kernel.attempt(() => root.requestFirmware(name, ...rest));
    return got.ok ? new TextDecoder().decode(got.value) : got.error.code;
  };
  const lines = () => kernel.log.lines.filter(({ kind }) => kind === "printk").map(({ text }) => text);
  return { kernel, root, decisions, ask, lines };
}

describe("where firmware is looked for", () => {
  it("firmware_class.path, updates before what a distribution brings, and for this release before for all", () => {
    const { root, ask } = machine({ cmdline: "firmware_class.path=/custom" });
    expect(ask("fw")).toBe("ENOENT");
    for (const directory of [LOWEST, ...HIGHER.toReversed()]) {
      root.writeFile(`${directory}/fw`, directory);
      expect(ask("fw")).toBe(directory);
    }
  });

  it("the path can be set at run time; before 6.4 with the newline that echo leaves", () => {
    for (const [release, found] of [
      ["6.4", "mine"],
      ["6.3", "ENOENT"],
    ] as const) {
      const { root, ask } = machine({ release });
      root.writeFile("/custom/fw", "mine");
      root.writeInto("/sys/module/firmware_class/parameters/path", "/custom");
      expect(ask("fw")).toBe("mine");
      root.writeInto("/sys/module/firmware_class/parameters/path", "/custom\n");
      expect(ask("fw")).toBe(found);
      expect(() => root.writeInto("/sys/module/firmware_class/parameters/path", "x".repeat(256))).toThrow("ENOSPC");
    }
  });

  it("what is refused in one directory may be had from the next, and the last answer counts", () => {
    const { kernel, root, ask } = machine({}, "appraise func=FIRMWARE_CHECK fowner=7\n");
    root.writeFile("/lib/firmware/updates/fw", "unlabelled");
    root.chown("/lib/firmware/updates/fw", 7, 0);
    expect(ask("fw")).toBe("ENOENT");
    expect(kernel.log.lines.map(({ text }) => text)).toContain(
      "loading /lib/firmware/updates/fw failed with error -13",
    );
    root.writeFile("/lib/firmware/fw", "good enough");
    expect(ask("fw")).toBe("good enough");
  });

  it("a name with a component '..' is refused since 6.12 (6.1.113)", () => {
    for (const [release, found] of [
      ["6.11", "outside"],
      ["6.12", "EINVAL"],
      ["6.1.112", "outside"],
      ["6.1.113", "EINVAL"],
    ] as const) {
      const { root, ask } = machine({ release });
      root.writeFile("/lib/outside", "outside");
      expect(ask("../outside")).toBe(found);
      expect(ask("..outside")).toBe("ENOENT");
    }
  });

  it("packed where the plain file is missing, if the kernel can unpack it", () => {
    const XZ = "\u00fd7zXZ\0…";
    const { root, ask } = machine({ config: { FW_LOADER_COMPRESS_XZ: true, FW_LOADER_COMPRESS_ZSTD: true } });
    root.writeFile(
      "/lib/firmware/fw.xz",
      Uint8Array.from(XZ, (c) => c.charCodeAt(0)),
    );
    expect(ask("fw")).toContain("7zXZ");
    root.writeFile("/lib/firmware/fw.zst", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 3));
    expect(ask("fw")).toContain("(");
    // Neither the magic number nor the size of the content may be missing; then no other form is tried.
    root.writeFile("/lib/firmware/fw.zst", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 3));
    expect(ask("fw")).toBe("EINVAL");
    root.writeFile("/lib/firmware/other.xz", "plain");
    expect(ask("other")).toBe("EINVAL");
    const without = machine();
    without.root.writeFile(
      "/lib/firmware/fw.xz",
      Uint8Array.from(XZ, (c) => c.charCodeAt(0)),
    );
    expect(without.ask("fw")).toBe("ENOENT");
  });
});

describe("who reads it", () => {
  const POLICY = "measure func=FIRMWARE_CHECK uid=0\nmeasure func=FILE_CHECK mask=MAY_READ uid=1000 fowner=7\n";

  it("the kernel, in the name of a user who could not; before 5.18 the user", () => {
    for (const [release, found] of [
      ["5.18", "secret"],
      ["5.17", "EACCES"],
    ] as const) {
      const { kernel, root } = machine({ release }, POLICY);
      root.writeFile("/lib/firmware/fw", "secret", { mode: 0o600 });
      const user = kernel.task({ uid: 1000, comm: "user" });
      const got = kernel.attempt(() => user.requestFirmware("fw"));
      expect(got.ok ? new TextDecoder().decode(got.value) : got.error.code).toBe(found);
      expect(kernel.measuredLines().filter((line) => line.endsWith("/lib/firmware/fw"))).toHaveLength(
        found === "secret" ? 1 : 0,
      );
    }
  });

  it("FILE_CHECK of the open comes first, then FIRMWARE_CHECK with all bytes at hand", () => {
    const { root, decisions, ask } = machine(
      {},
      "measure func=FILE_CHECK mask=MAY_READ\nmeasure func=FIRMWARE_CHECK\n",
    );
    root.writeFile("/lib/firmware/fw", "content");
    decisions.length = 0;
    expect(ask("fw")).toBe("content");
    expect(decisions.map(({ hook }) => hook)).toEqual(["FILE_CHECK", "FIRMWARE_CHECK"]);
    expect(decisions[1]?.subject).toMatchObject({ uid: 0, comm: "sh" });
  });

  it("a refusal tells the file and its cause", () => {
    const { kernel, root } = machine({}, "appraise func=FIRMWARE_CHECK appraise_type=imasig\n");
    root.writeFile("/lib/firmware/fw", "unsigned");
    const got = kernel.attempt(() => root.requestFirmware("fw"));
    expect((got as { error: KernelError<Decision> }).error).toMatchObject({
      code: "EACCES",
      syscall: "request_firmware",
      path: "fw",
      cause: "IMA-signature-required",
      decision: { hook: "FIRMWARE_CHECK", object: { path: "/lib/firmware/fw" } },
    });
  });

  it("nothing that somebody writes to, no directory, nothing empty", () => {
    const { root, ask } = machine();
    root.writeFile("/lib/firmware/fw", "content");
    root.mkdir("/lib/firmware/directory");
    root.writeFile("/lib/firmware/empty", "");
    const fd = root.open("/lib/firmware/fw", "O_RDWR");
    expect(ask("fw")).toBe("ETXTBSY");
    root.close(fd);
    expect(ask("fw")).toBe("content");
    expect(ask("directory")).toBe("EINVAL");
    expect(ask("empty")).toBe("EINVAL");
    expect(ask("")).toBe("EINVAL");
    expect(ask("n".repeat(4096))).toBe("ENAMETOOLONG");
  });
});

describe("into a buffer of the driver", () => {
  it("the whole file, which has to fit", () => {
    const { root, ask } = machine();
    root.writeFile("/lib/firmware/fw", "0123456789");
    expect(ask("fw", { into: { size: 10 } })).toBe("0123456789");
    expect(ask("fw", { into: { size: 9 } })).toBe("EFBIG");
  });

  it("or a part, for which the file is checked by itself", () => {
    const { root, decisions, ask } = machine({}, "measure func=FIRMWARE_CHECK\n");
    root.writeFile("/lib/firmware/fw", "0123456789");
    expect(ask("fw", { into: { size: 3, offset: 2 } })).toBe("234");
    expect(ask("fw", { into: { size: 3, offset: 9 } })).toBe("9");
    expect(ask("fw", { into: { size: 3, offset: 10 } })).toBe("ENOENT");
    expect(decisions.filter(({ hook }) => hook === "FIRMWARE_CHECK")).toHaveLength(3);
  });
});

describe("when it cannot be had", () => {
  const HELPER = { FW_LOADER_USER_HELPER: true, FW_LOADER_USER_HELPER_FALLBACK: true };
  const fromUserSpace = new TextEncoder().encode("by hand");

  it("user space is asked only by kernels that always do", () => {
    expect(machine({ config: { FW_LOADER_USER_HELPER: true } }).ask("fw", { fromUserSpace })).toBe("ENOENT");
    const { ask, lines } = machine({ config: HELPER });
    expect(ask("fw", { fromUserSpace })).toBe("by hand");
    expect(ask("fw", { fromUserSpace, direct: true })).toBe("ENOENT");
    expect(ask("fw")).toBe("ETIMEDOUT");
    expect(lines().filter((line) => /fw/.test(line))).toEqual([
      "Direct firmware load for fw failed with error -2",
      "Falling back to sysfs fallback for: fw",
      "Direct firmware load for fw failed with error -2",
      "Falling back to sysfs fallback for: fw",
    ]);
  });

  it("IMA refuses what came that way where firmware is appraised; before 5.10 it refused to ask", () => {
    const POLICY = "appraise func=FIRMWARE_CHECK\n";
    const now = machine({ release: "5.10", config: HELPER }, POLICY);
    expect(now.ask("fw", { fromUserSpace })).toBe("ENOENT");
    expect(now.lines()).toContain("ima: Prevent firmware loading_store.");
    const before = machine({ release: "5.9", config: HELPER }, POLICY);
    expect(before.ask("fw", { fromUserSpace })).toBe("ENOENT");
    expect(before.lines()).toContain("ima: Prevent firmware sysfs fallback loading.");
    expect(before.lines()).not.toContain("Falling back to sysfs fallback for: fw");
  });
});

describe("the module test_firmware", () => {
  const DEVICE = "/sys/devices/virtual/misc/test_firmware";
  const withDevice = () => machine({ environment: { modules: ["test_firmware"] } });

  it("asks for what is written to it, until it is unloaded", () => {
    const { kernel, root, lines } = withDevice();
    root.writeFile("/lib/firmware/fw", "content");
    root.writeInto(`${DEVICE}/trigger_request`, "fw");
    expect(() => root.writeInto(`${DEVICE}/trigger_request`, "none")).toThrow("ENOENT");
    expect(lines().slice(-5)).toEqual([
      "test_firmware: loading 'fw'",
      "test_firmware: loaded: 7",
      "test_firmware: loading 'none'",
      "misc test_firmware: Direct firmware load for none failed with error -2",
      "test_firmware: load of 'none' failed: -2",
    ]);
    expect([...kernel.modules]).toEqual(["test_firmware"]);
    expect(root.process.sys.deleteModule("test_firmware")).toBeNull();
    expect(() => root.stat(DEVICE)).toThrow("ENOENT");
    expect(kernel.firmware.held.size).toBe(0);
  });

  it("shares what is still held, so that a change of the file is not noticed", () => {
    const { root } = withDevice();
    root.writeFile("/lib/firmware/fw", "content");
    root.writeInto(`${DEVICE}/config_name`, "fw");
    root.writeInto(`${DEVICE}/config_num_requests`, "2");
    root.writeInto(`${DEVICE}/trigger_request`, "fw");
    root.writeFile("/lib/firmware/fw", "changed");
    root.writeInto(`${DEVICE}/trigger_batched_requests`, "1");
    expect(new TextDecoder().decode(root.readFile(`${DEVICE}/read_firmware`))).toBe("content");
    root.writeInto(`${DEVICE}/release_all_firmware`, "1");
    root.writeInto(`${DEVICE}/trigger_request`, "fw");
    root.writeInto(`${DEVICE}/trigger_batched_requests`, "1");
    expect(new TextDecoder().decode(root.readFile(`${DEVICE}/read_firmware`))).toBe("changed");
  });

  it("gives what it loaded by its device node, and asks without waiting", () => {
    const { kernel, root } = withDevice();
    root.writeFile("/lib/firmware/fw", "content");
    expect(root.readFile("/dev/test_firmware")).toHaveLength(0);
    root.writeInto(`${DEVICE}/trigger_request`, "fw");
    expect(new TextDecoder().decode(root.readFile("/dev/test_firmware"))).toBe("content");
    expect(kernel.attempt(() => kernel.task({ uid: 1000 }).readFile("/dev/test_firmware")).ok).toBe(false);
    kernel.securityfs.write("ima/policy", "appraise func=FIRMWARE_CHECK\n");
    root.writeInto(`${DEVICE}/config_name`, "other");
    root.writeFile("/lib/firmware/other", "content");
    root.writeInto("/sys/class/misc/test_firmware/trigger_batched_requests_async", "1");
    expect(new TextDecoder().decode(root.readFile(`${DEVICE}/test_result`))).toBe("-2\n");
    expect(kernel.auditLines.filter((line) => /comm="kworker.*name="\/lib\/firmware\/other"/.test(line))).toHaveLength(
      4,
    );
  });

  it("has files that hold even root to their permission bits", () => {
    const { root } = withDevice();
    expect(() => root.readFile(`${DEVICE}/trigger_request`)).toThrow("EACCES");
    expect(() => root.writeInto(`${DEVICE}/test_result`, "1")).toThrow("EACCES");
    expect(() => root.writeInto(`${DEVICE}/config_num_requests`, "many")).toThrow("EINVAL");
    expect(root.stat(`${DEVICE}/config`).size).toBe(4096);
  });
});
