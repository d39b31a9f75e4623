// Mounting as an administrator's script does it: make the directory, make the file system, mount it; on "/" switch the root.
import { InputError, KernelError } from "../errno/index.ts";
import { type Disk, MS, moveMount, parseIdMap, topOf } from "../vfs/index.ts";
import type { Kernel } from "./kernel.ts";

export interface MountSpec {
  readonly fstype: string;
  /** Of the new disk. */
  readonly uuid?: string;
  /** A disk that is there already, by its device name. */
  readonly disk?: string;
  readonly options?: string;
  readonly readOnly?: boolean;
  /** Owners show as others through it, as with mount -o X-mount.idmap: `b:1000:0:1` shows files of 1000 as those of 0. */
  readonly idmap?: string;
}

export interface BindSpec {
  readonly readOnly?: boolean;
  /** As in MountSpec. */
  readonly idmap?: string;
}

/** The root that the kernel mounts itself, before anything else is mounted (init/do_mounts.c: mount_root). */
export function mountRoot(kernel: Kernel, disk: Disk): void {
  const mounted = kernel.initProcess.sys.mount(disk.id, "/root", disk.type.name, 0, "");
  if (!mounted.ok) throw new KernelError(mounted.errno, { syscall: "mount", path: "/" });
  becomeRoot(kernel, "/root");
}

function becomeRoot({ vfs, initProcess }: Kernel, from: string): void {
  moveMount(vfs, initProcess, initProcess.cwd, from, "/");
  const root = topOf({ mount: vfs.rootMount, dentry: vfs.rootMount.root });
  initProcess.root = root;
  initProcess.cwd = root;
}

const KERNEL_FILE_SYSTEMS = ["/proc", "/sys", "/dev"] as const;

export function mountFileSystem(kernel: Kernel, path: string, what: MountSpec): void {
  const { vfs, initProcess } = kernel;
  const { sys } = initProcess;
  const type = vfs.fsType(what.fstype);
  if (type === undefined)
    throw new InputError("bad-fstype", `mount ${path}`, `imasim knows no file system ${what.fstype}`);
  const source = what.disk ?? (type.device ? kernel.addDisk(what.fstype, what.uuid).id : what.fstype);
  const flags = what.readOnly === true ? MS.RDONLY : 0;
  const parts = path.split("/").filter((part) => part !== "");
  for (let i = 1; i <= parts.length; i++) sys.mkdir(`/${parts.slice(0, i).join("/")}`, 0o755);
  const target = parts.length === 0 ? "/root" : path;
  const idmap = what.idmap === undefined ? null : parseIdMap(what.idmap, `mount ${path}`);
  const mounted = sys.mount(source, target, what.fstype, flags, what.options ?? "", idmap);
  if (!mounted.ok) throw new KernelError(mounted.errno, { syscall: "mount", path });
  if (parts.length > 0) return;
  for (const place of KERNEL_FILE_SYSTEMS) {
    sys.mkdir(`${target}${place}`, 0o755);
    moveMount(vfs, initProcess, initProcess.cwd, place, `${target}${place}`);
  }
  for (const place of ["/tmp", "/root"]) sys.mkdir(`${target}${place}`, place === "/tmp" ? 0o1777 : 0o700);
  becomeRoot(kernel, target);
}

/** mount --bind: the same files at a second place. */
export function bindMount(kernel: Kernel, source: string, path: string, { readOnly, idmap }: BindSpec): void {
  const { sys } = kernel.initProcess;
  const parts = path.split("/").filter((part) => part !== "");
  for (let i = 1; i <= parts.length; i++) sys.mkdir(`/${parts.slice(0, i).join("/")}`, 0o755);
  const map = idmap === undefined ? null : parseIdMap(idmap, `bind ${path}`);
  const bound = sys.mount(source, path, null, MS.BIND, "", map);
  if (!bound.ok) throw new KernelError(bound.errno, { syscall: "mount", path });
  if (readOnly !== true) return;
  const remounted = sys.mount("none", path, null, MS.REMOUNT | MS.BIND | MS.RDONLY, "");
  if (!remounted.ok) throw new KernelError(remounted.errno, { syscall: "mount", path });
}
