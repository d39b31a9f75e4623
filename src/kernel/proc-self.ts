// /proc/self: what the asking process is and holds (fs/proc/base.c: proc_pid_get_link, proc_pid_attr_write; fd.c: proc_fd_link;
// namespaces.c: proc_ns_get_link).
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { fail, ok } from "../errno/index.ts";
import {
  addMagicLink,
  addPseudoDirectory,
  addPseudoFile,
  capable,
  type Dentry,
  kernelMount,
  lookupChild,
  type Path,
  type Subject,
} from "../vfs/index.ts";
import type { Kernel } from "./kernel.ts";
import { Process } from "./process.ts";

const NAMESPACES = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"] as const;
const DESCRIPTOR = /^(0|[1-9]\d{0,8})$/;

const of = (lead: (process: Process) => Path | null) => (task: Subject) =>
  task instanceof Process ? lead(task) : null;

/** @param root of proc */
export function makeProcSelf(kernel: Kernel, root: Dentry): void {
  const { vfs } = kernel;
  const self = addPseudoDirectory(vfs, root, "self", 0o555);
  makeAttributes(kernel, self);
  addMagicLink(
    vfs,
    self,
    "exe",
    of((process) => process.programFiles[0]?.path ?? null),
  );
  addMagicLink(
    vfs,
    self,
    "cwd",
    of((process) => process.cwd),
  );
  addMagicLink(
    vfs,
    self,
    "root",
    of((process) => process.root),
  );
  const descriptors = addPseudoDirectory(vfs, self, "fd", 0o500);
  // Not written where it is assigned: V8 takes a function that is for one that lives long, and all of this kernel with it.
  const findDescriptor = (directory: Dentry, name: string): void => {
    if (!DESCRIPTOR.test(name) || directory.children?.has(name) === true) return;
    addMagicLink(
      vfs,
      directory,
      name,
      of((process) => process.file(Number(name))?.path ?? null),
    );
  };
  descriptors.inode!.findName = findDescriptor;
  const namespaces = addPseudoDirectory(vfs, self, "ns", 0o511);
  for (const name of NAMESPACES) addMagicLink(vfs, namespaces, name, () => namespaceFile(kernel, name));
}

function namespaceFile({ vfs }: Kernel, name: string): Path {
  const mount = kernelMount(vfs, "nsfs");
  return { mount, dentry: lookupChild(vfs, mount.root, name) ?? addPseudoFile(vfs, mount.root, name, 0o444, {}) };
}

function makeAttributes(kernel: Kernel, self: Dentry): void {
  const { vfs } = kernel;
  const attributes = addPseudoDirectory(vfs, self, "attr", 0o555);
  addPseudoFile(vfs, attributes, "current", 0o666, {
    read: (task) => (task.label === null ? fail("EINVAL") : ok(utf8ToBytes(task.label))),
    write(task, _file, bytes) {
      if (!capable(task, "CAP_MAC_ADMIN")) return fail("EPERM");
      const denied = kernel.labels?.setSubject?.(task, new TextDecoder().decode(bytes)) ?? null;
      if (kernel.labels?.setSubject === undefined) return fail("EINVAL");
      return denied === null ? ok(bytes.length) : fail(denied);
    },
  });
}
