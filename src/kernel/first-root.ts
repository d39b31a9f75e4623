// The first root file system: what the built-in initramfs holds, the given files, and what the first process mounts
// (usr/default_cpio_list; init/initramfs.c).
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { InputError } from "../errno/index.ts";
import { kernelMount, O, S } from "../vfs/index.ts";
import type { Kernel } from "./kernel.ts";
import type { AnonymousNumbers, BootFile, FilesOfInitramfs } from "./options.ts";
import { makeProc, makeSecurityfs, makeSysfs } from "./pseudo-files.ts";
import type { SystemCalls } from "./system-calls.ts";
import { unpackEntry } from "./unpack-initramfs.ts";

/** Unpacks the files; nothing of this is seen by a policy, which comes later. @throws InputError `bad-file` */
export function fillRoot(kernel: Kernel, files: FilesOfInitramfs): void {
  const { vfs } = kernel;
  const { sys } = kernel.initProcess;
  const { numbers = DEFAULT_NUMBERS } = kernel.environment;
  // A root of type ramfs shares the counter of numbers with what the kernel made before.
  vfs.nextIno = numbers.firstInode;
  sys.mkdir("/dev", 0o755);
  sys.mknod("/dev/console", S.IFCHR | 0o600, { major: 5, minor: 1 });
  sys.mkdir("/root", 0o700);
  if (isImage(files)) for (const entry of files) unpackEntry(sys, entry);
  else writeFiles(sys, files);
}

const isImage = (files: FilesOfInitramfs): files is Extract<FilesOfInitramfs, readonly unknown[]> =>
  Array.isArray(files);

function writeFiles(sys: SystemCalls, files: Readonly<Record<string, BootFile | Uint8Array | string>>): void {
  for (const [path, given] of Object.entries(files)) {
    if (!path.startsWith("/") || path.endsWith("/"))
      throw new InputError("bad-file", `files.${path}`, "wants an absolute path of a file");
    const spec: BootFile =
      typeof given === "string"
        ? { bytes: utf8ToBytes(given) }
        : given instanceof Uint8Array
          ? { bytes: given }
          : given;
    const parts = path.split("/").slice(1, -1);
    for (let i = 1; i <= parts.length; i++) sys.mkdir(`/${parts.slice(0, i).join("/")}`, 0o755);
    const mode = spec.mode ?? 0o644;
    const fd = sys.open(path, O.WRONLY | O.CREAT | O.TRUNC, mode);
    if (!fd.ok) throw new InputError("bad-file", `files.${path}`, `cannot be made: ${fd.errno}`);
    sys.write(fd.value, spec.bytes);
    if (spec.uid !== undefined || spec.gid !== undefined) sys.fchown(fd.value, spec.uid ?? 0, spec.gid ?? 0);
    sys.fchmod(fd.value, mode);
    sys.close(fd.value);
  }
}

/** The character devices of major 1 that every program counts on (drivers/char/mem.c). */
const DEVICES = [
  ["null", 3],
  ["zero", 5],
  ["full", 7],
  ["random", 8],
  ["urandom", 9],
] as const;

/** As on a small kernel of today. */
const DEFAULT_NUMBERS: AnonymousNumbers = { devtmpfs: 6, securityfs: 7, firstMount: 17, firstInode: 12, settled: 4 };

/** What the first process of a machine does before anything else: /proc, /sys, securityfs, /dev, and the usual directories. */
export function mountKernelFileSystems(kernel: Kernel): void {
  const { vfs, initProcess } = kernel;
  const { sys } = initProcess;
  const directories: readonly (readonly [string, number])[] = [
    ["/proc", 0o755],
    ["/sys", 0o755],
    ["/dev", 0o755],
    ["/etc", 0o755],
    ["/mnt", 0o755],
    ["/tmp", 0o1777],
  ];
  const { numbers = DEFAULT_NUMBERS } = kernel.environment;
  // Smack mounts its own file system for itself (security/smack/smackfs.c: init_smk_fs).
  const firstMount = numbers.firstMount + (kernel.lsm.split(",").includes("smack") ? 1 : 0);
  const hasSecurityfs = kernel.config.enabled("SECURITYFS");
  // The kernel fills securityfs before the first process runs; that one only mounts it.
  if (hasSecurityfs) {
    if (vfs.rootMount.sb.type.inodeNumbers === "global-counter") vfs.nextIno++;
    makeSecurityfs(kernel, kernelMount(vfs, "securityfs", numbers.securityfs).root, kernel.lsm);
  }
  for (const [path, mode] of directories) sys.mkdir(path, mode);
  const mounted = (path: string, fstype: string) => {
    const denied = sys.mount(fstype, path, fstype, 0, "");
    for (const sb of vfs.superblocks) if (denied.ok && sb.type.name === fstype) return sb.root;
    throw new Error(`${fstype} did not mount`);
  };
  vfs.firstAnonymousDevice = numbers.devtmpfs;
  mounted("/dev", "devtmpfs");
  vfs.firstAnonymousDevice = firstMount - 2;
  makeProc(kernel, mounted("/proc", "proc"));
  makeSysfs(kernel, mounted("/sys", "sysfs"));
  for (const [name, minor] of DEVICES) sys.mknod(`/dev/${name}`, S.IFCHR | 0o666, { major: 1, minor });
  if (hasSecurityfs) mounted("/sys/kernel/security", "securityfs");
  vfs.firstAnonymousDevice = firstMount;
  const settled = vfs.nextIno + numbers.settled;
  for (const path of numbers.seen ?? []) sys.stat(path, true);
  vfs.nextIno = settled;
}
