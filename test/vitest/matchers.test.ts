// The matchers as a test of a user's meets them: what passes, what fails, and what a failure says.
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { boot, type Kernel, type Task } from "../../src/index.ts";
import { matchers } from "../../src/vitest/index.ts";

beforeAll(() => expect.extend(matchers));

let kernel: Kernel;
let root: Task;
beforeEach(() => {
  kernel = boot({ release: "6.12", cmdline: "ima_policy=tcb|appraise_tcb ima_hash=sha256" });
  kernel.mount("/mnt", { fstype: "ext4" });
  root = kernel.task({ comm: "sh" });
  root.writeFile("/mnt/f", "hello");
  root.writeFile("/mnt/bare", "bare");
  root.removexattr("/mnt/bare", "security.ima");
});

const HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

describe("toBeDenied and toBeAllowed", () => {
  it("take a call or an attempt", () => {
    expect(() => root.readFile("/mnt/f")).toBeAllowed();
    expect(() => root.readFile("/mnt/bare")).toBeDenied();
    expect(() => root.readFile("/mnt/bare")).toBeDenied({ cause: "missing-hash", errno: "EACCES" });
    expect(kernel.attempt(() => root.readFile("/mnt/bare"))).toBeDenied({ cause: "missing-hash" });
    expect(kernel.attempt(() => root.readFile("/mnt/f"))).toBeAllowed();
    expect(() => root.readFile("/mnt/bare")).not.toBeAllowed();
    expect(() => root.readFile("/mnt/bare")).not.toBeDenied({ cause: "invalid-hash" });
    expect(() => root.readFile("/mnt/none")).toBeDenied({ errno: "ENOENT" });
  });

  it("say what was expected and why the kernel answered otherwise", () => {
    expect(() => expect(() => root.readFile("/mnt/f")).toBeDenied({ cause: "missing-hash", errno: "EACCES" })).toThrow(
      "expected the call to be denied with EACCES and the cause 'missing-hash', but it was allowed",
    );
    expect(() => expect(() => root.readFile("/mnt/bare")).toBeDenied({ cause: "no_label" })).toThrow(
      /expected the call to be denied with the cause 'no_label', but it was answered with\nEACCES: open '\/mnt\/bare' \(missing-hash\)\n.+/s,
    );
    expect(() => expect(() => root.readFile("/mnt/bare")).toBeAllowed()).toThrow(
      /expected the call to be allowed, but it was denied\nEACCES: open/,
    );
    expect(() => expect(() => root.readFile("/mnt/f")).not.toBeAllowed()).toThrow("expected the call to be denied");
    expect(() => expect(() => root.readFile("/mnt/bare")).not.toBeDenied()).toThrow(
      "expected the call not to be denied",
    );
  });

  it("pass on what is no answer of a kernel", () => {
    const broken = () => {
      throw new RangeError("mine");
    };
    expect(() => expect(broken).toBeDenied()).toThrow(RangeError);
    expect(() => expect(1).toBeAllowed()).toThrow("toBeAllowed wants a function");
    expect(() => expect({ ok: false, error: new Error("x") }).toBeDenied()).toThrow(TypeError);
  });
});

describe("toBeMeasured", () => {
  it("looks for path and digest", () => {
    expect(kernel).not.toBeMeasured({ path: "/mnt/f" });
    root.readFile("/mnt/f");
    expect(kernel).toBeMeasured({ path: "/mnt/f" });
    expect(kernel).toBeMeasured({ path: "/mnt/f", digest: HELLO });
    expect(kernel).toBeMeasured({ digest: `sha256:${HELLO.toUpperCase()}` });
    expect(kernel).not.toBeMeasured({ digest: `sha512:${HELLO}` });
    expect(kernel).not.toBeMeasured({ path: "/mnt/other", digest: HELLO });
  });

  it.each(["ima", "ima-sig", "ima-ngv2"])("reads entries of the template %s", (template) => {
    const other = boot({ cmdline: `ima_policy=tcb ima_template=${template} ima_hash=sha1` });
    other.mount("/mnt", { fstype: "ext4" });
    const task = other.task();
    task.writeFile("/mnt/a b", "hello");
    task.readFile("/mnt/a b");
    expect(other).toBeMeasured({ path: "/mnt/a_b", digest: "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d" });
  });

  it("shows the list", () => {
    root.readFile("/mnt/f");
    expect(() => expect(kernel).toBeMeasured({ path: "/mnt/f", digest: "00" })).toThrow(
      `expected /mnt/f with the digest 00 to be measured; the list has\n  sha256:${HELLO} /mnt/f`,
    );
    expect(() => expect(kernel).toBeMeasured({ path: "/mnt/g" })).toThrow(
      /expected \/mnt\/g to be measured; the whole list has\n {2}sha256:[0-9a-f]{64} boot_aggregate\n/,
    );
    expect(() => expect(kernel).not.toBeMeasured()).toThrow("expected the list not to be measured");
    expect(() => expect(boot({ config: { IMA: false } })).toBeMeasured()).toThrow("nothing");
    expect(() => expect({}).toBeMeasured()).toThrow("toBeMeasured wants a kernel");
  });
});

describe("toHaveXattr", () => {
  const label = `0404${HELLO}`;

  it("takes bytes and hex digits", () => {
    const file = { task: root, path: "/mnt/f" };
    expect(file).toHaveXattr("security.ima");
    expect(file).toHaveXattr("security.ima", label);
    expect(file).toHaveXattr("security.ima", root.getxattr("/mnt/f", "security.ima"));
    expect(file).not.toHaveXattr("security.ima", "01");
    expect({ task: root, path: "/mnt/bare" }).not.toHaveXattr("security.ima");
  });

  it("shows what the file has", () => {
    const file = { task: root, path: "/mnt/f" };
    expect(() => expect(file).toHaveXattr("user.x")).toThrow("expected /mnt/f to have user.x, but it has none");
    expect(() => expect(file).toHaveXattr("security.ima", "01")).toThrow(
      `expected /mnt/f to have security.ima 01, but it has ${label}`,
    );
    expect(() => expect(file).not.toHaveXattr("security.ima")).toThrow("expected /mnt/f not to have security.ima");
    expect(() => expect({ task: root, path: "/none" }).toHaveXattr("user.x")).toThrow("ENOENT");
    expect(() => expect("/mnt/f").toHaveXattr("user.x")).toThrow("toHaveXattr wants { task, path }");
  });
});
