// init_module, finit_module, delete_module (kernel/module/main.c, kernel/module/signing.c: module_sig_check).
import { type Denial, type Errno, fail, ok, type Result } from "../../errno/index.ts";
import { capable } from "../../vfs/index.ts";
import { endModule, startModule } from "../drivers/drivers.ts";
import { parseModule } from "../module-image.ts";
import { kernelReadFile } from "../read-file.ts";
import type { Caller } from "./caller.ts";

const IGNORE_MODVERSIONS = 1;
const IGNORE_VERMAGIC = 2;
const COMPRESSED_FILE = 4;
const ELF_HEADER = 64;

function mayLoad({ process }: Caller): Denial {
  return capable(process, "CAP_SYS_MODULE") ? null : "EPERM";
}

/** module_sig_check. @returns whether the module carries a good signature */
function checkSignature({ kernel }: Caller, bytes: Uint8Array, flags: number): Result<boolean> {
  if (!kernel.config.enabled("MODULE_SIG")) return ok(true);
  let errno: Errno = "ENODATA";
  // A module whose versions are to be ignored is not what was signed.
  if ((flags & (IGNORE_MODVERSIONS | IGNORE_VERMAGIC)) === 0) {
    const verified = kernel.keyBridge.verifyModule(bytes);
    if (verified.ok) return ok(true);
    errno = verified.errno;
  }
  // Anything but these three says that the signature itself is broken.
  if (errno !== "ENODATA" && errno !== "ENOPKG" && errno !== "ENOKEY") return fail(errno);
  if (!kernel.moduleSignatureEnforced) return ok(false);
  const reason =
    errno === "ENODATA"
      ? "unsigned module"
      : errno === "ENOPKG"
        ? "module with unsupported crypto"
        : "module with unavailable key";
  kernel.log.printk(`Loading of ${reason} is rejected`);
  return fail("EKEYREJECTED");
}

function load(caller: Caller, bytes: Uint8Array, flags: number): Denial {
  const { kernel } = caller;
  const signature = checkSignature(caller, bytes, flags);
  if (!signature.ok) return signature.errno;
  const image = parseModule(bytes, (flags & IGNORE_VERMAGIC) === 0 ? kernel.release.text : null);
  if (!image.ok) return image.errno;
  // try_to_force_load: without a version to compare, a module is loaded by force or not at all.
  const unversioned = (flags & IGNORE_VERMAGIC) !== 0 || !image.value.versioned;
  if (unversioned && !kernel.config.enabled("MODULE_FORCE_LOAD")) return "ENOEXEC";
  const { name, outOfTree } = image.value;
  if (kernel.modules.has(name)) return "EEXIST";
  if (outOfTree) kernel.log.printkOnce("module: out of tree", `${name}: loading out-of-tree module taints kernel.`);
  if (!signature.value)
    kernel.log.printkOnce(
      "module: unsigned",
      `${name}: module verification failed: signature and/or required key missing - tainting kernel`,
    );
  startModule(kernel, name);
  return null;
}

export const MODULE_CALLS = {
  finitModule(this: Caller, fd: number, _parameters: string, flags: number): Denial {
    const { process, vfs } = this;
    const denied = mayLoad(this);
    if (denied !== null) return denied;
    if ((flags & ~(IGNORE_MODVERSIONS | IGNORE_VERMAGIC | COMPRESSED_FILE)) !== 0) return "EINVAL";
    const file = process.file(fd);
    if (file === undefined || !file.canRead) return "EBADF";
    const bytes = kernelReadFile(vfs, process, file, "kernel-module");
    if (!bytes.ok) return bytes.errno;
    // Decompression is a build option that no kernel modelled here has.
    if ((flags & COMPRESSED_FILE) !== 0) return "EOPNOTSUPP";
    return load(this, bytes.value, flags);
  },
  initModule(this: Caller, bytes: Uint8Array, _parameters: string): Denial {
    const { process, vfs } = this;
    const denied = mayLoad(this);
    if (denied !== null) return denied;
    if (bytes.length < ELF_HEADER) return "ENOEXEC";
    for (const module of vfs.hooks.kernelLoadData) {
      const refused = module.kernelLoadData(process, "kernel-module", true);
      if (refused !== null) return refused;
    }
    for (const module of vfs.hooks.kernelPostLoadData) {
      const refused = module.kernelPostLoadData(process, bytes, "kernel-module", "init_module");
      if (refused !== null) return refused;
    }
    return load(this, bytes, 0);
  },
  deleteModule(this: Caller, name: string): Denial {
    const { kernel, process } = this;
    if (!capable(process, "CAP_SYS_MODULE")) return "EPERM";
    return endModule(kernel, name) ? null : "ENOENT";
  },
};
