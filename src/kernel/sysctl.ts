// /proc/sys: settings of the kernel. What is there comes into being, and takes its inode number, when it is looked up
// (fs/proc/proc_sysctl.c: proc_sys_lookup, sysctl_perm; kernel/sysctl.c; kernel/utsname_sysctl.c; security/keys/sysctl.c). The values are
// the kernel's own beginnings, as far as neither its configuration nor the machine decides them.
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { type Denial, fail, ok, type Result } from "../errno/index.ts";
import {
  addPseudoDirectory,
  addPseudoFile,
  type Dentry,
  dropCaches,
  type GeneratedFile,
  MAY,
  type Subject,
} from "../vfs/index.ts";
import type { Kernel } from "./kernel.ts";

const LARGEST = 2 ** 31 - 1;

/** Whole numbers: what each begins with, and the least and the greatest that may be written. */
const NUMBERS: Readonly<Record<string, readonly [value: number, least: number, most: number]>> = {
  "fs/dir-notify-enable": [1, -LARGEST, LARGEST],
  "fs/leases-enable": [1, -LARGEST, LARGEST],
  "fs/suid_dumpable": [0, 0, 2],
  "kernel/keys/gc_delay": [300, 0, LARGEST],
  "kernel/keys/maxbytes": [20_000, 0, LARGEST],
  "kernel/keys/maxkeys": [200, 0, LARGEST],
  "kernel/keys/root_maxbytes": [25_000_000, 0, LARGEST],
  "kernel/keys/root_maxkeys": [1_000_000, 0, LARGEST],
  "kernel/overflowgid": [65_534, 0, 65_535],
  "kernel/overflowuid": [65_534, 0, 65_535],
  "vm/dirty_ratio": [20, 0, 100],
  "vm/max_map_count": [65_530, 0, LARGEST],
  "vm/overcommit_memory": [0, 0, 2],
  "vm/swappiness": [60, 0, 200],
};
/** protected_hardlinks and its like, which the file system itself asks for. */
const PROTECTIONS = {
  "fs/protected_fifos": "fifos",
  "fs/protected_hardlinks": "hardlinks",
  "fs/protected_regular": "regular",
  "fs/protected_symlinks": "symlinks",
} as const;
const NAMES: ReadonlySet<string> = new Set(["kernel/hostname", "kernel/domainname"]);
const NGROUPS_MAX = 65_536;
/** __NEW_UTS_LEN */
const NAME_LENGTH = 64;
const GROUPS: ReadonlySet<string> = new Set(["fs", "kernel", "kernel/keys", "vm"]);

type Setting = readonly [mode: number, file: GeneratedFile];

const shown = (text: string): Setting => [0o444, { read: () => ok(utf8ToBytes(text)) }];

/** proc_dointvec_minmax. */
function numeric(get: () => number, set: (value: number) => void, least: number, most: number): Setting {
  return [
    0o644,
    {
      read: () => ok(utf8ToBytes(`${get()}\n`)),
      write(_task, _file, bytes): Result<number> {
        const text = new TextDecoder().decode(bytes).trim();
        const value = Number(text);
        if (!/^-?\d+$/.test(text) || value < least || value > most) return fail("EINVAL");
        set(value);
        return ok(bytes.length);
      },
    },
  ];
}

/** proc_do_uts_string: the first line. */
function uts(): Setting {
  let text = "(none)";
  return [
    0o644,
    {
      read: () => ok(utf8ToBytes(`${text}\n`)),
      write(_task, _file, bytes): Result<number> {
        text = new TextDecoder()
          .decode(bytes)
          .split(/[\n\0]/)[0]!
          .slice(0, NAME_LENGTH);
        return ok(bytes.length);
      },
    },
  ];
}

/** What lies at a path below /proc/sys, as it is when nobody has written to it. */
function settingAt(kernel: Kernel, path: string): Setting | null {
  const { vfs, environment, release } = kernel;
  if (Object.hasOwn(NUMBERS, path)) {
    let [value, least, most] = NUMBERS[path]!;
    const set = (written: number): void => {
      value = written;
    };
    return numeric(() => value, set, least, most);
  }
  if (Object.hasOwn(PROTECTIONS, path)) {
    const name = PROTECTIONS[path as keyof typeof PROTECTIONS];
    const set = (written: number): void => {
      vfs.sysctl[name] = written;
    };
    return numeric(() => vfs.sysctl[name], set, 0, 2);
  }
  if (NAMES.has(path)) return uts();
  switch (path) {
    case "kernel/ostype":
      return shown("Linux\n");
    case "kernel/osrelease":
      return shown(`${release.text}\n`);
    case "kernel/version": {
      // The banner ends in what uname(2) calls the version.
      const version = /#\d+ .*$/m.exec(environment.banner ?? "");
      return version === null ? null : shown(`${version[0]}\n`);
    }
    case "kernel/ngroups_max":
      return shown(`${NGROUPS_MAX}\n`);
    case "vm/drop_caches":
      return [0o200, { write: (_task, _file, bytes) => writeDropCaches(kernel, bytes) }];
    default:
      return null;
  }
}

/** sysctl_perm: root is the owner, whom the bits bind like everybody. */
function bindEverybody(dentry: Dentry): Dentry {
  const inode = dentry.inode!;
  const permission = ({ cred }: Subject, mask: number): Denial => {
    const group = cred.egid === 0 || cred.groups.includes(0);
    const bits = cred.euid === 0 ? inode.mode >> 6 : group ? inode.mode >> 3 : inode.mode;
    return (mask & (MAY.READ | MAY.WRITE | MAY.EXEC) & ~bits) === 0 ? null : "EACCES";
  };
  inode.permission = permission;
  return dentry;
}

/** @param directory /proc/sys */
export function makeSettings(kernel: Kernel, directory: Dentry): void {
  const { vfs } = kernel;
  const find = (prefix: string) => {
    // Not written where it is assigned: V8 takes a function that is for one that lives long, and all of this kernel with it.
    const findName = (parent: Dentry, name: string): void => {
      if (parent.children?.has(name) === true) return;
      const path = prefix + name;
      if (GROUPS.has(path)) {
        const made = addPseudoDirectory(vfs, parent, name, 0o555, { ino: vfs.nextIno++, nlink: 1 });
        bindEverybody(made).inode!.findName = find(`${path}/`);
        return;
      }
      const setting = settingAt(kernel, path);
      if (setting !== null) bindEverybody(addPseudoFile(vfs, parent, name, ...setting, { ino: vfs.nextIno++ }));
    };
    return findName;
  };
  bindEverybody(directory).inode!.findName = find("");
}

function writeDropCaches(kernel: Kernel, bytes: Uint8Array): Result<number> {
  const value = Number(new TextDecoder().decode(bytes).trim());
  if (!Number.isInteger(value) || value < 1 || value > 4) return fail("EINVAL");
  // Bit 2: slab objects, the inodes among them.
  if ((value & 2) !== 0) dropCaches(kernel.vfs);
  return ok(bytes.length);
}
