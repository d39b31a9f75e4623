// /proc/<pid>: what a process is and holds. Directories, files and links come into being, and take their numbers, when they are looked up
// (fs/proc/base.c: proc_pid_make_inode, proc_pid_attr_write; self.c: proc_self_get_link; fd.c: proc_fd_link, proc_fd_permission;
// namespaces.c: proc_ns_get_link).
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { type Denial, fail, ok, type Result } from "../errno/index.ts";
import {
  addMagicLink,
  addPseudoDirectory,
  addPseudoFile,
  type Dentry,
  type GeneratedFile,
  genericPermission,
  kernelMount,
  lookupChild,
  type Path,
  type Subject,
} from "../vfs/index.ts";
import type { Kernel } from "./kernel.ts";
import { Process } from "./process.ts";

const NAMESPACES: ReadonlySet<string> = new Set(["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"]);
const DESCRIPTOR = /^(0|[1-9]\d{0,8})$/;
/** Two, and one for each directory in it: task, fd, map_files, fdinfo, ns, net and attr. */
const LINKS = 9;

/** Adds one name of a directory. */
type Entry = (directory: Dentry, name: string) => void;

/** /proc/self and the directory of each process that follows it. @param root of proc; @param number of the link, if it is known */
export function makeProcessDirectories(kernel: Kernel, root: Dentry, number: number | undefined): void {
  const directories = kernel.processDirectories;
  const directoryOf = (process: Process): void => {
    const { pid, cred } = process;
    const directory = directories.get(pid) ?? makeDirectory(kernel, root, process);
    directories.set(pid, directory);
    // pid_update_inode: whoever the process is by now.
    directory.inode!.uid = cred.euid;
    directory.inode!.gid = cred.egid;
  };
  addMagicLink(
    kernel.vfs,
    root,
    "self",
    (task) => {
      if (!(task instanceof Process)) return null;
      directoryOf(task);
      return String(task.pid);
    },
    number === undefined ? {} : { ino: number },
  );
  // Not written where it is assigned: V8 takes a function that is for one that lives long, and all of this kernel with it.
  const findFirst: Entry = (_directory, name) => {
    if (name === "1") directoryOf(kernel.initProcess);
  };
  root.inode!.findName = findFirst;
}

function makeDirectory(kernel: Kernel, root: Dentry, process: Process): Dentry {
  const { vfs } = kernel;
  const drawn = (): { ino: number } => ({ ino: vfs.nextIno++ });
  const directory =
    (mode: number, find: Entry): Entry =>
    (parent, name) => {
      const made = addPseudoDirectory(vfs, parent, name, mode, { ...drawn(), nlink: 2 });
      made.inode!.findName = once(find);
    };
  const file =
    (mode: number, generated: GeneratedFile): Entry =>
    (parent, name) => {
      addPseudoFile(vfs, parent, name, mode, generated, drawn());
    };
  const link =
    (lead: () => Path | null): Entry =>
    (parent, name) => {
      addMagicLink(vfs, parent, name, lead, drawn());
    };
  const entries: Readonly<Record<string, Entry>> = {
    attr: directory(0o555, (parent, name) => {
      if (name === "current") file(0o666, currentLabel(kernel, process))(parent, name);
    }),
    comm: file(
      0o644,
      shown(() => `${process.comm}\n`),
    ),
    cwd: link(() => process.cwd),
    exe: link(() => process.programFiles[0]?.path ?? null),
    fd: (parent, name) => {
      directory(0o500, (inside, number) => {
        if (DESCRIPTOR.test(number)) link(() => process.file(Number(number))?.path ?? null)(inside, number);
      })(parent, name);
      // A process may look at its own, whoever the owner is.
      const { inode } = parent.children!.get(name)!;
      const permission = (task: Subject, mask: number): Denial =>
        task instanceof Process && task.pid === process.pid ? null : genericPermission(task, inode!, mask);
      inode!.permission = permission;
    },
    loginuid: file(
      0o644,
      shown(() => String(process.auid)),
    ),
    ns: directory(0o511, (parent, name) => {
      if (NAMESPACES.has(name)) link(() => namespaceFile(kernel, name))(parent, name);
    }),
    root: link(() => process.root),
    sessionid: file(
      0o444,
      shown(() => String(process.ses)),
    ),
  };
  const made = addPseudoDirectory(vfs, root, String(process.pid), 0o555, { ...drawn(), nlink: LINKS });
  made.inode!.findName = once((parent, name) => {
    if (Object.hasOwn(entries, name)) entries[name]!(parent, name);
  });
  return made;
}

/** Names that are there already are not made again. */
function once(find: Entry): Entry {
  return (directory, name) => {
    if (directory.children?.has(name) !== true) find(directory, name);
  };
}

const shown = (text: () => string): GeneratedFile => ({
  read: (): Result<Uint8Array> => ok(utf8ToBytes(text())),
  sequence: true,
});

function namespaceFile({ vfs }: Kernel, name: string): Path {
  const mount = kernelMount(vfs, "nsfs");
  return { mount, dentry: lookupChild(vfs, mount.root, name) ?? addPseudoFile(vfs, mount.root, name, 0o444, {}) };
}

function currentLabel(kernel: Kernel, process: Process): GeneratedFile {
  return {
    read: () => (process.label === null ? fail("EINVAL") : ok(utf8ToBytes(process.label))),
    write(task, _file, bytes) {
      const { labels } = kernel;
      if (labels?.setSubject === undefined) return fail("EINVAL");
      const denied = labels.setSubject(task, new TextDecoder().decode(bytes));
      return denied === null ? ok(bytes.length) : fail(denied);
    },
  };
}
