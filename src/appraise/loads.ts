// Whole files that the kernel reads, and data that comes without a file (security/integrity/ima/ima_main.c: ima_read_file,
// ima_post_read_file, ima_load_data, ima_post_load_data).
import type { Denial } from "../errno/index.ts";
import { APPRAISE_SETTING, FUNC, type Func } from "../policy/index.ts";
import { type LoadId, MAY, type OpenFile, type ReadId, type Subject } from "../vfs/index.ts";
import { measureCriticalData } from "./buffer.ts";
import type { Ima } from "./ima.ts";
import { processMeasurement } from "./process.ts";

/** read_idmap; whatever is not named here is an ordinary read. */
const FUNC_OF_READ: Readonly<Partial<Record<ReadId, Func>>> = {
  firmware: FUNC.FIRMWARE_CHECK,
  "kernel-module": FUNC.MODULE_CHECK,
  "kexec-image": FUNC.KEXEC_KERNEL_CHECK,
  "kexec-initramfs": FUNC.KEXEC_INITRAMFS_CHECK,
  "security-policy": FUNC.POLICY_CHECK,
};

export function kernelReadFile(ima: Ima, task: Subject, file: OpenFile | null, id: ReadId, whole: boolean): Denial {
  // With all of it in one buffer, the hook after reading does the work.
  if (whole || file === null) return null;
  return processMeasurement(ima, task, {
    file,
    cred: task.cred,
    mask: MAY.READ,
    func: FUNC_OF_READ[id] ?? FUNC.FILE_CHECK,
    buffer: null,
  });
}

export function kernelPostReadFile(
  ima: Ima,
  task: Subject,
  file: OpenFile | null,
  bytes: Uint8Array,
  id: ReadId,
): Denial {
  if (file === null && id === "x509-certificate") return null;
  if (file === null || bytes.length === 0) return (ima.appraise & APPRAISE_SETTING.ENFORCE) !== 0 ? "EACCES" : null;
  return processMeasurement(ima, task, {
    file,
    cred: task.cred,
    mask: MAY.READ,
    func: FUNC_OF_READ[id] ?? FUNC.FILE_CHECK,
    buffer: bytes,
  });
}

/** What cannot be appraised for want of a file is refused where a rule demands appraisal. */
export function kernelLoadData(ima: Ima, id: LoadId, contents: boolean): Denial {
  const enforce = (ima.appraise & APPRAISE_SETTING.ENFORCE) !== 0;
  const demanded = (bit: number) => enforce && (ima.appraise & bit) !== 0;
  const refuse = (why: string): Denial => {
    ima.log.printk(`ima: ${why}`);
    return "EACCES";
  };
  switch (id) {
    case "kexec-image":
      if ((ima.config.enabled("KEXEC_SIG") && ima.secureBoot) || demanded(APPRAISE_SETTING.KEXEC))
        return refuse(
          "impossible to appraise a kernel image without a file descriptor; try using kexec_file_load syscall.",
        );
      return null;
    case "firmware":
      return demanded(APPRAISE_SETTING.FIRMWARE) && !contents
        ? refuse("Prevent firmware sysfs fallback loading.")
        : null;
    case "kernel-module":
      return demanded(APPRAISE_SETTING.MODULES) && !ima.moduleSignatureEnforced()
        ? refuse("impossible to appraise a module without a file descriptor. sig_enforce kernel parameter might help")
        : null;
    default:
      return null;
  }
}

export function kernelPostLoadData(ima: Ima, task: Subject, bytes: Uint8Array, id: LoadId): Denial {
  if (id === "firmware") {
    const both = APPRAISE_SETTING.FIRMWARE | APPRAISE_SETTING.ENFORCE;
    if ((ima.appraise & both) !== both) return null;
    ima.log.printk("ima: Prevent firmware loading_store.");
    return "EACCES";
  }
  if (id === "kernel-module" && ima.release.has("init-module-critical-data"))
    measureCriticalData(ima, task, "modules", "init_module", bytes, true);
  return null;
}
