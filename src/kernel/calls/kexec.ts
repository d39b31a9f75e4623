// kexec_file_load and kexec_load as far as integrity is asked (kernel/kexec_file.c, kernel/kexec.c; arch/x86/kernel/kexec-bzimage64.c: bzImage64_probe).
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { measureBuffer } from "../../appraise/index.ts";
import type { Denial } from "../../errno/index.ts";
import { FUNC } from "../../policy/index.ts";
import { capable } from "../../vfs/index.ts";
import type { Kernel } from "../kernel.ts";
import { kernelReadFile } from "../read-file.ts";
import type { Caller } from "./caller.ts";

const UNLOAD = 1;
const ON_CRASH = 2;
const NO_INITRAMFS = 4;
const MIN_PROTOCOL = 0x020c;
const LOADED_HIGH = 1;
const XLF_KERNEL_64 = 1;
const XLF_ABOVE_4G = 2;

/** @returns why it is no kernel that can be started, null if it is one */
function bzImageFault(image: Uint8Array): string | null {
  if (image.length < 1024) return "File is too short to be a bzImage";
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  if (view.getUint32(0x202, true) !== 0x53726448) return "Not a bzImage";
  if (view.getUint16(0x1fe, true) !== 0xaa55) return "No x86 boot sector present";
  if (view.getUint16(0x206, true) < MIN_PROTOCOL) return "Must be at least protocol version 2.12";
  if ((view.getUint8(0x211) & LOADED_HIGH) === 0) return "zImage not a bzImage";
  const xload = view.getUint16(0x236, true);
  if ((xload & XLF_KERNEL_64) === 0) return "Not a bzImage64. XLF_KERNEL_64 is not set.";
  return (xload & XLF_ABOVE_4G) === 0 ? "XLF_CAN_BE_LOADED_ABOVE_4G is not set." : null;
}

/**
 * Lockdown wants a signed image: one in the image, which none here has, or one that IMA is sure to ask for. IMA counts only where it
 * enforces (kernel/kexec_file.c: kimage_validate_signature; ima_policy.c: ima_appraise_signature).
 */
function refusedByLockdown({ lockedDown, ima }: Kernel): boolean {
  if (!lockedDown) return false;
  return ima === null || ima.mode !== "enforce" || !ima.policy.appraiseSignatureRequired("kexec-image");
}

export const KEXEC_CALLS = {
  /** @param initrd null with KEXEC_FILE_NO_INITRAMFS */
  kexecFileLoad(this: Caller, image: number, initrd: number | null, cmdline: string, flags: number): Denial {
    const { kernel, process, vfs } = this;
    if (!kernel.config.enabled("KEXEC_FILE")) return "ENOSYS";
    if (!capable(process, "CAP_SYS_BOOT")) return "EPERM";
    if ((flags & ~(UNLOAD | ON_CRASH | NO_INITRAMFS)) !== 0) return "EINVAL";
    if ((flags & UNLOAD) !== 0) return null;
    const file = process.file(image);
    if (file === undefined || !file.canRead) return "EBADF";
    const bytes = kernelReadFile(vfs, process, file, "kexec-image");
    if (!bytes.ok) return bytes.errno;
    const fault = bzImageFault(bytes.value);
    if (fault !== null) {
      kernel.log.printk(`kexec-bzImage64: ${fault}`);
      return "ENOEXEC";
    }
    if (kernel.config.enabled("KEXEC_SIG") && refusedByLockdown(kernel)) return "EPERM";
    if (initrd !== null) {
      const ramfs = process.file(initrd);
      if (ramfs === undefined || !ramfs.canRead) return "EBADF";
      const content = kernelReadFile(vfs, process, ramfs, "kexec-initramfs");
      if (!content.ok) return content.errno;
    }
    const text = utf8ToBytes(cmdline);
    if (text.length > 0 && kernel.ima !== null)
      measureBuffer(kernel.ima, process, {
        buffer: text,
        event: "kexec-cmdline",
        func: FUNC.KEXEC_CMDLINE,
        inode: file.inode,
      });
    // The image says how much it takes, terminator included.
    const { buffer, byteOffset, byteLength } = bytes.value;
    return text.length + 1 > new DataView(buffer, byteOffset, byteLength).getUint32(0x238, true) ? "EINVAL" : null;
  },
  /** kexec_load: segments from memory, without a file that could be appraised. */
  kexecLoad(this: Caller): Denial {
    const { kernel, process, vfs } = this;
    if (!kernel.config.enabled("KEXEC")) return "ENOSYS";
    if (!capable(process, "CAP_SYS_BOOT")) return "EPERM";
    for (const module of vfs.hooks.kernelLoadData) {
      const denied = module.kernelLoadData(process, "kexec-image", false);
      if (denied !== null) return denied;
    }
    return kernel.lockedDown ? "EPERM" : null;
  },
};
