// What a program that is refused is told about EVM, through a whole kernel.
import { boot, KernelError } from "imasim";
import { describe, expect, it } from "vitest";
import { type Decision, explain } from "../../src/appraise/index.ts";
import { evmHmac, explainGuard } from "../../src/evm/index.ts";
import { fromHex } from "./recording.ts";

const KEY = new Uint8Array(32).fill(9);
const UUID = "11112222-3333-4444-5555-666677778888";
const HELLO = new TextEncoder().encode("hello\n");
const IMA = fromHex("04045891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");

/** A kernel that appraises a file whose HMAC was made for another mode. */
function kernelWith(mode: number) {
  const xattrs = [{ name: "security.ima", value: IMA }];
  const inode = { ino: 12, generation: 5, uid: 0, gid: 0, mode: 0o100644 };
  const label = Uint8Array.of(2, ...evmHmac({ xattrs, inode, fsuuid: fromHex(UUID.replaceAll("-", "")) }, KEY).digest);
  const stored = [["security.ima", IMA] as const, ["security.evm", label] as const];
  const file = { path: "/f", bytes: HELLO, mode, generation: 5, xattrs: stored };
  const kernel = boot({
    cmdline: "ima_policy=appraise_tcb",
    disks: { d: { fstype: "ext4", uuid: UUID, files: [file] } },
  });
  const task = kernel.task();
  kernel.mount("/mnt", { disk: "sda", fstype: "ext4" });
  kernel.evm!.setup.setKey(Uint8Array.from(KEY));
  return { kernel, task };
}

function refusal(call: () => unknown): KernelError<Decision> {
  try {
    call();
  } catch (error) {
    if (error instanceof KernelError) return error as KernelError<Decision>;
    throw error;
  }
  throw new Error("it was allowed");
}

describe("a file whose mode was changed behind EVM", () => {
  it("is denied, with every byte that was covered and the mode that the label was made for", () => {
    const { task } = kernelWith(0o600);
    const { code, cause, decision } = refusal(() => task.readFile("/mnt/f"));
    expect([code, cause]).toEqual(["EACCES", "invalid-HMAC"]);
    const said = explain(decision!).find((sentence) => sentence.startsWith("EVM"))!;
    expect(said).toContain("the HMAC of the file's metadata is not the one in security.evm");
    expect(said).toContain(
      "ino 12, generation 5, uid 0, gid 0, mode 0100600, fsuuid 11112222-3333-4444-5555-666677778888.",
    );
    expect(said).toContain("The label verifies with mode 0100644 instead of 0100600.");
  });

  it("may not be changed, and EVM can say why", () => {
    const { kernel, task } = kernelWith(0o600);
    expect(refusal(() => task.chmod("/mnt/f", 0o644)).code).toBe("EPERM");
    expect(explainGuard(kernel.evm!.lastRefusal!)).toContain("EVM refuses (EPERM) changing attributes");
  });
});

describe("a file whose metadata is good", () => {
  it("is read without a word", () => {
    const { task } = kernelWith(0o644);
    expect(task.readFile("/mnt/f")).toEqual(HELLO);
  });
});
