// The files by which the kernel shows IMA, EVM, the TPM, keys and settings (security/integrity/ima/ima_fs.c, evm/evm_secfs.c,
// iint.c: integrity_fs_init; drivers/char/tpm/tpm-sysfs.c; security/keys/proc.c).
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { type Denial, ok, type Result } from "../errno/index.ts";
import { listFiles } from "../measure/index.ts";
import { PolicyFile, type PolicyFileSession, policyFileMode } from "../policy/index.ts";
import {
  addPseudoDirectory,
  addPseudoFile,
  addPseudoPath,
  addPseudoSymlink,
  capable,
  type Dentry,
  type GeneratedFile,
  O,
  removePseudo,
  S,
} from "../vfs/index.ts";
import type { Kernel } from "./kernel.ts";
import { makeProcessDirectories } from "./proc-pid.ts";
import { kernelReadPath } from "./read-file.ts";
import { makeSettings } from "./sysctl.ts";
import { attribute } from "./sysfs-attribute.ts";

/** S_IWUSR */
const OWNER_MAY_WRITE = 0o200;

const whole = (text: () => string): GeneratedFile => ({ read: () => ok(utf8ToBytes(text())) });
/** A file of proc or sysfs that only shows something: both read through seq_file. */
const shown = (text: () => string): GeneratedFile => ({ ...whole(text), sequence: true });

/** integrity/, ima -> integrity/ima, evm -> integrity/evm/evm, lsm. @param root of securityfs */
export function makeSecurityfs(kernel: Kernel, root: Dentry, lsm: string): void {
  const { vfs } = kernel;
  addPseudoFile(
    vfs,
    root,
    "lsm",
    0o444,
    whole(() => lsm),
  );
  if (!kernel.config.enabled("INTEGRITY")) return;
  const integrity = addPseudoDirectory(vfs, root, "integrity");
  if (kernel.ima !== null) makeImaFiles(kernel, root, integrity);
  if (kernel.evm !== null) makeEvmFiles(kernel, root, integrity);
}

function makeImaFiles(kernel: Kernel, root: Dentry, integrity: Dentry): void {
  const { vfs } = kernel;
  const ima = kernel.ima!;
  const directory = addPseudoDirectory(vfs, integrity, "ima");
  addPseudoSymlink(vfs, root, "ima", "integrity/ima");
  for (const file of listFiles(ima.list)) {
    if (file.kind === "symlink") addPseudoSymlink(vfs, directory, file.name, file.target);
    else
      addPseudoFile(vfs, directory, file.name, file.mode, {
        read: () => ok(file.read()),
        sequence: file.sequence,
        ...(file.write && { write: (_task, _file, bytes) => file.write!(bytes) }),
      });
  }
  const policy = new PolicyFile(ima.policy, {
    readPolicyFile: (path) => kernelReadPath(vfs, kernel.current, vfs.root, path, "security-policy"),
  });
  const dentry: Dentry = addPseudoFile(vfs, directory, "policy", policyFileMode(kernel.config, kernel.release), {
    open(task, file): Denial {
      const opened = policy.open(file.flags & O.ACCMODE, capable(task, "CAP_SYS_ADMIN"));
      if (!opened.ok) return opened.errno;
      file.session = opened.value;
      // A reader gets a seq_file.
      file.positionedWrite = opened.value !== null;
      return null;
    },
    read: () => ok(utf8ToBytes(ima.policy.show())),
    write: (task, file, bytes, offset): Result<number> =>
      kernel.as(task, () => (file.session as PolicyFileSession).write(task, bytes, offset)),
    release(task, file) {
      const session = file.session as PolicyFileSession | null;
      const fate = session === null ? "kept" : kernel.as(task, () => session.release(task));
      if (fate === "removed") removePseudo(vfs, dentry);
      else if (fate === "write-protected") dentry.inode!.mode &= ~OWNER_MAY_WRITE;
    },
  });
}

function makeEvmFiles(kernel: Kernel, root: Dentry, integrity: Dentry): void {
  const { vfs } = kernel;
  const evm = kernel.evm!;
  const directory = addPseudoDirectory(vfs, integrity, "evm");
  addPseudoFile(vfs, directory, "evm", evm.setup.mode, {
    read: () => ok(evm.setup.read()),
    write: (task, _file, bytes) => kernel.as(task, () => evm.setup.write(task, bytes)),
  });
  addPseudoSymlink(vfs, root, "evm", "integrity/evm/evm");
  const names = evm.xattrsFile;
  if (names === null) return;
  const dentry: Dentry = addPseudoFile(vfs, directory, "evm_xattrs", names.mode, {
    read: () => ok(names.read()),
    write(task, _file, bytes, offset) {
      const taken = names.write(task, bytes, offset);
      dentry.inode!.mode = S.IFREG | names.mode;
      return taken;
    },
  });
}

/** /proc/keys and the settings that integrity tests touch. @param root of proc */
export function makeProc(kernel: Kernel, root: Dentry): void {
  const { vfs } = kernel;
  const { environment } = kernel;
  const cmdline = utf8ToBytes(`${environment.bootCmdline ?? kernel.cmdline}\n`);
  const files: Readonly<Record<string, GeneratedFile>> = {
    keys: { read: (task) => ok(utf8ToBytes(kernel.keyBridge.procKeys(task))), sequence: true },
    version: shown(() => environment.banner ?? `Linux version ${kernel.release.text}\n`),
    cmdline: {
      read: () => ok(cmdline),
      sequence: true,
      ...(kernel.release.has("proc-cmdline-sized") && { fixed: cmdline }),
    },
    modules: shown(() => [...kernel.modules].map((name) => `${name} 0 0 - Live 0x0000000000000000\n`).join("")),
  };
  const numbers = environment.numbers?.proc ?? {};
  for (const [name, file] of Object.entries(files))
    addPseudoFile(vfs, root, name, 0o444, file, name in numbers ? { ino: numbers[name]! } : {});
  makeProcessDirectories(kernel, root, numbers["self"]);
  const settings = addPseudoDirectory(vfs, root, "sys", 0o555, {
    nlink: 1,
    ...("sys" in numbers && { ino: numbers["sys"]! }),
  });
  makeSettings(kernel, settings);
}

/** Settings and states of devices; /sys/class/tpm/tpm0 where there is a TPM. @param root of sysfs */
export function makeSysfs(kernel: Kernel, root: Dentry): void {
  const { vfs, tpm } = kernel;
  const ours = addPseudoDirectory(vfs, root, "kernel");
  addPseudoDirectory(vfs, ours, "security");
  addPseudoFile(
    vfs,
    ours,
    "uevent_seqnum",
    0o444,
    shown(() => `${kernel.environment.uevents ?? 0}\n`),
  );
  addPseudoFile(
    vfs,
    addPseudoPath(vfs, root, "module/firmware_class/parameters"),
    "path",
    0o644,
    attribute(
      (text) => kernel.firmware.setPath(text),
      () => kernel.firmware.path,
    ),
  );
  if (tpm === null) return;
  // Devices of a class are links to where the bus has them (QEMU's q35).
  const directory = addPseudoPath(vfs, root, "devices/pci0000:00/0000:00:1f.0/MSFT0101:00/tpm/tpm0");
  addPseudoSymlink(
    vfs,
    addPseudoPath(vfs, root, "class/tpm"),
    "tpm0",
    "../../devices/pci0000:00/0000:00:1f.0/MSFT0101:00/tpm/tpm0",
  );
  addPseudoSymlink(vfs, directory, "device", "../..");
  // Where the files of a TPM 1.2 once were (drivers/char/tpm/tpm-chip.c: tpm_add_legacy_sysfs).
  if (tpm.version === "1.2")
    addPseudoSymlink(
      vfs,
      addPseudoPath(vfs, root, "devices/pci0000:00/0000:00:1f.0/MSFT0101:00"),
      "pcrs",
      "tpm/tpm0/pcrs",
    );
  for (const file of tpm.sysfs(kernel.release)) {
    const slash = file.path.indexOf("/");
    const bank = slash < 0 ? directory : addPseudoDirectory(vfs, directory, file.path.slice(0, slash));
    addPseudoFile(
      vfs,
      bank,
      file.path.slice(slash + 1),
      file.mode,
      shown(() => file.read()),
    );
  }
}
