// What the kernel model reads besides: programs, modules, command lines, mount options, and the xattrs of file systems.
import fc from "fast-check";
import { describe, it } from "vitest";
import { ERRNO, InputError, type Result } from "../../src/errno/index.ts";
import { parseCommandLine } from "../../src/kernel/cmdline.ts";
import { bytesAt, endsInReadOnlyPage, parseElf } from "../../src/kernel/elf.ts";
import { parseModule } from "../../src/kernel/module-image.ts";
import { payload } from "../../src/scenario/payload.ts";
import { encodeAcl, parseAcl } from "../../src/vfs/acl.ts";
import { FS_TYPES } from "../../src/vfs/fstypes.ts";
import { parseIdMap } from "../../src/vfs/idmap.ts";
import { parseMountOptions } from "../../src/vfs/mount/options.ts";
import { decodeOrigin } from "../../src/vfs/overlay/xattr.ts";
import { isFileCapability, shownFileCapability } from "../../src/vfs/xattr/capability.ts";
import { damaged, damagedText } from "../damage.ts";
import { decoderRuns } from "../fuzz.ts";
import { moduleImage } from "./module-image.ts";

function answered(result: Result<unknown>): void {
  if (!result.ok && !(result.errno in ERRNO)) throw new Error(String(result.errno));
}

describe("damaged and random input", () => {
  it("as a program or a module", () => {
    const module = moduleImage({ name: "m", vermagic: "6.12.0 SMP", intree: "Y" });
    const read = parseModule(module, "6.12.0");
    if (!read.ok) throw new Error("the sample is no module");
    const samples = [module, payload("true"), payload("exit:3"), payload("interp:/lib/ld.so")];
    fc.assert(
      fc.property(damaged(samples), (bytes) => {
        const program = parseElf(bytes);
        answered(program);
        if (program.ok) {
          bytesAt(bytes, program.value, program.value.entry);
          endsInReadOnlyPage(program.value);
        }
        answered(parseModule(bytes, "6.12.0"));
      }),
      decoderRuns,
    );
  }, 600_000);

  it("as an ACL, as file capabilities, as the origin of a copy", () => {
    const samples = [
      encodeAcl([
        { tag: 1, perm: 6, id: 0xffffffff },
        { tag: 2, perm: 4, id: 1000 },
        { tag: 4, perm: 4, id: 0xffffffff },
        { tag: 0x10, perm: 6, id: 0xffffffff },
        { tag: 0x20, perm: 4, id: 0xffffffff },
      ]),
      Uint8Array.of(1, 0, 0, 2, ...new Uint8Array(16).fill(0x20)),
      Uint8Array.of(1, 0, 0, 3, ...new Uint8Array(20).fill(0x20)),
      Uint8Array.of(0, 0xfb, 29, 0, 1, ...new Uint8Array(24)),
      Uint8Array.of(0, 0xfb, 41, 0, 0x4d, ...new Uint8Array(36)),
    ];
    fc.assert(
      fc.property(damaged(samples), (bytes) => {
        answered(parseAcl(bytes));
        if (isFileCapability(bytes)) answered(shownFileCapability(bytes, null));
        decodeOrigin(bytes);
      }),
      // What a million found: a handle of btrfs without its last byte.
      { ...decoderRuns, examples: [[Uint8Array.of(0, 0xfb, 40, 0, 0x4d, ...new Uint8Array(35))]] },
    );
  }, 600_000);

  it("as a command line, as mount options, as an id map", () => {
    const samples = [
      'ima_policy="tcb|appraise_tcb" ima_appraise=fix evm=fix lsm=integrity -- init',
      "ro,noexec,i_version,mode=755,size=1G",
      "lowerdir=/a:/b\\,c,upperdir=/u,workdir=/w,xino=off",
      "u:0:1000:1 g:0:1000:10 b:5:6:7",
      "0:1000:65536",
    ];
    const words = ["ima_", "=", '"', ",", "\\", ":", "|", " ", "\n", "uid=", "lowerdir=", "4294967295", "-1", "b:"];
    const types = fc.constantFrom(...FS_TYPES.values());
    fc.assert(
      fc.property(damagedText(samples, words), types, (text, type) => {
        parseCommandLine(text);
        answered(parseMountOptions(type, text, 0));
        try {
          parseIdMap(text, "idmap");
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
        }
      }),
      decoderRuns,
    );
  }, 600_000);
});
