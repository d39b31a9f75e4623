// Mounting as an administrator's script does it: make the directory, make the file system, mount it; on "/" switch the root.
import { InputError, KernelError } from "../errno/index.ts";
import { MS, moveMount, topOf } from "../vfs/index.ts";
import type { Kernel } from "./kernel.ts";

export interface MountSpec {
  readonly fstype: string;
  /** Of the new disk. */
  readonly uuid?: string;
  /** A disk that is there already, by its device name. */
  readonly disk?: string;
  readonly options?: string;
  readonly readOnly?: boolean;
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
  const mounted = sys.mount(source, target, what.fstype, flags, what.options ?? "");
  if (!mounted.ok) throw new KernelError(mounted.errno, { syscall: "mount", path });
  if (parts.length > 0) return;
  for (const place of KERNEL_FILE_SYSTEMS) {
    sys.mkdir(`${target}${place}`, 0o755);
    moveMount(vfs, initProcess, initProcess.cwd, place, `${target}${place}`);
  }
  for (const place of ["/tmp", "/root"]) sys.mkdir(`${target}${place}`, place === "/tmp" ? 0o1777 : 0o700);
  moveMount(vfs, initProcess, initProcess.cwd, target, "/");
  const root = topOf({ mount: vfs.rootMount, dentry: vfs.rootMount.root });
  initProcess.root = root;
  initProcess.cwd = root;
}
