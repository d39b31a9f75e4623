// Smack on a file system without attributes: it takes security attributes itself, and keeps the label alone.
import { describe, expect, it } from "vitest";
import { boot } from "../../../src/kernel/index.ts";

describe("Smack on ramfs", () => {
  const kernel = boot({ cmdline: "lsm=smack", labels: "smack" });
  kernel.mount("/ram", { fstype: "ramfs" });
  const task = kernel.task();
  task.writeFile("/ram/f", "");
  const set = (path: string, name: string, value: string | Uint8Array): string | null => {
    try {
      task.setxattr(path, name, value);
      return null;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  const text = (path: string, name: string): string => new TextDecoder().decode(task.getxattr(path, name));

  it("wants a label before it looks at the name", () => {
    // As recorded: a hash of type 0x04 is no label.
    expect(set("/ram/f", "security.ima", Uint8Array.of(4, 4, 0xaa))).toBe("EINVAL");
    expect(set("/ram/f", "security.other", "label")).toBe("EOPNOTSUPP");
    expect(set("/ram/f", "security.other", "")).toBe("EINVAL");
    expect(set("/ram/f", "security.other", "-label")).toBe("EINVAL");
    expect(set("/ram/f", "security.other", "x".repeat(257))).toBe("EINVAL");
    expect(set("/ram/f", "user.other", "label")).toBe("EOPNOTSUPP");
  });

  it("keeps the label of a file, and that a directory passes its own on", () => {
    expect(text("/ram/f", "security.SMACK64")).toBe("_");
    expect(set("/ram/f", "security.SMACK64", "web app")).toBeNull();
    expect(text("/ram/f", "security.SMACK64")).toBe("web");
    expect(set("/ram/f", "security.SMACK64TRANSMUTE", "TRUE")).toBe("EINVAL");
    expect(set("/ram", "security.SMACK64TRANSMUTE", "TRUE")).toBeNull();
    expect(text("/ram", "security.SMACK64TRANSMUTE")).toBe("TRUE");
  });
});
