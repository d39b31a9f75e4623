// What a kernel is booted with, and its defaults. All that varies from one real boot to the next comes in here, so that the same
// options give the same bytes.
import type { Denial } from "../errno/index.ts";
import type { ArchiveEntry } from "../formats/index.ts";
import type { LabelSource } from "../policy/index.ts";
import type { KconfigValues } from "../release/index.ts";
import type { Disk, DiskEntry, Inode, SecurityModule, Subject } from "../vfs/index.ts";

export interface BootFile {
  readonly bytes: Uint8Array;
  /** Permission bits; 0644 if not given. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** Files by absolute path, with directories as they need them, or what decodeInitramfs() read of an image. */
export type FilesOfInitramfs = Readonly<Record<string, BootFile | Uint8Array | string>> | readonly ArchiveEntry[];

export interface BootDisk {
  readonly fstype: string;
  /** As text; made up from the environment's numbers if not given. */
  readonly uuid?: string;
  /** ext4: made with the verity feature. */
  readonly verity?: boolean;
  readonly files?: readonly DiskEntry[];
}

export interface TpmBootOptions {
  /** In the order in which the TPM reports them: sha1, sha256 … */
  readonly banks: readonly string[];
  /** What firmware and boot loader left: bank, PCR, value as hex digits. */
  readonly pcrs?: Readonly<Record<string, Readonly<Record<number, string>>>>;
}

/** What the outside world decides, so that nothing here is random. */
export interface BootEnvironment {
  /** Seconds since the epoch when the kernel starts; 1,700,000,000 if not given. */
  readonly time?: number;
  /** 32-bit numbers, one a call: inode generations, UUIDs, initialisation vectors. A counter of its own if not given. */
  readonly random?: () => number;
  /** Generation of a new inode, by `major:minor` of its file system and its number; one of `random` where it is null. */
  readonly generation?: (device: string, ino: number) => number | null;
  /** Names of block devices, in the order of the disks: `sda`, `sdb` … if not given. */
  readonly deviceName?: (index: number) => { readonly id: string; readonly major: number; readonly minor: number };
  /** What /proc/version and /proc/cmdline say. */
  readonly banner?: string;
  readonly bootCmdline?: string;
  /** /sys/kernel/security/lsm, where it holds modules that have no part in integrity. */
  readonly lsm?: string;
  /** Numbers that other parts of the kernel took before: see AnonymousNumbers. */
  readonly numbers?: AnonymousNumbers;
  /** Kernel modules that the first process loads before anything else, by name; IMA is not asked. */
  readonly modules?: readonly string[];
  /** How many events the kernel had sent to user space (/sys/kernel/uevent_seqnum); 0 if not given. */
  readonly uevents?: number;
  /** boot_aggregate, where the PCRs that it is made of are not known. */
  readonly bootAggregate?: { readonly algo: string; readonly bytes: Uint8Array };
}

/** Minor numbers of file systems without a device, and the counter of inode numbers that some of them share. */
export interface AnonymousNumbers {
  readonly devtmpfs: number;
  readonly securityfs: number;
  /** The first that a mount from user space gets. */
  readonly firstMount: number;
  /** Of the first file of securityfs. */
  readonly firstInode: number;
  /** How far the counter has gone when the first process has settled. */
  readonly settled: number;
  /** What it has looked up by then: the first of the numbers that it took are theirs. */
  readonly seen?: readonly string[];
  /** Of files in the root of proc, by name. */
  readonly proc?: Readonly<Record<string, number>>;
}

export interface BootOptions {
  /** `6.12`, `6.12.117`, `6.1.0-56-amd64`; 6.12 if not given. */
  readonly release?: string;
  /** Kconfig symbols that differ from the defaults, or all lines of a .config. */
  readonly config?: KconfigValues | readonly string[];
  readonly cmdline?: string;
  readonly rootfs?: "tmpfs" | "ramfs";
  /** EFI secure boot. */
  readonly secureBoot?: boolean;
  readonly tpm?: TpmBootOptions | null;
  /** The initramfs; cpio carries no xattrs. */
  readonly files?: FilesOfInitramfs;
  /** Disks by a name of one's own; one that another kernel has shut down is met as it was left. */
  readonly disks?: Readonly<Record<string, BootDisk | Disk>>;
  /** The disk, by its name, that the kernel mounts as its root by itself: what it loads before the first process lies there. */
  readonly rootDisk?: string;
  /** Certificates compiled into the kernel (DER): `.builtin_trusted_keys`. */
  readonly builtinKeys?: readonly Uint8Array[];
  /** The certificate that modules are signed with (DER). */
  readonly moduleKey?: Uint8Array | null;
  /** Further security modules, in order before IMA and EVM. */
  readonly modules?: readonly SecurityModule[];
  /** Labels for obj_ and subj_ conditions: `smack`, `apparmor`, or a source of one's own; as lsm= and security= say if not given. */
  readonly labels?: "smack" | "apparmor" | KernelLabels | null;
  readonly environment?: BootEnvironment;
}

/** Where labels of processes and files come from, and what conditions on them mean. */
export interface KernelLabels {
  /** null for an LSM that has labels of processes but none that rules could name. */
  readonly source: LabelSource | null;
  subject(task: object): string | null;
  /** A write to /proc/self/attr/current, where the LSM lets a process name its label; whether this one may is for it to say. */
  setSubject?(task: Subject, text: string): Denial;
  /** A process gets the label of its parent, or that of its program. */
  become?(task: object, label: string): void;
  /** @param task who asks */
  object(inode: Inode, task: Subject): string | null;
}
