// The magic numbers of file systems (include/uapi/linux/magic.h and the file systems themselves), as fsmagic= compares them.

/** `pseudo`: made by the kernel, holds no programs; `memory`: gone with the boot; `disk`, `network`, `stacked`: files that stay. */
type FileSystemKind = "pseudo" | "memory" | "disk" | "network" | "stacked";

interface MagicRow {
  readonly name: string;
  readonly magic: number;
  readonly kind: FileSystemKind;
}

// biome-ignore format: a table reads better in columns
const table = [
  { name: "proc", magic: 0x9fa0, kind: "pseudo" },
  { name: "sysfs", magic: 0x62656572, kind: "pseudo" },
  { name: "debugfs", magic: 0x64626720, kind: "pseudo" },
  { name: "tmpfs", magic: 0x01021994, kind: "memory" },
  { name: "ramfs", magic: 0x858458f6, kind: "memory" },
  { name: "devpts", magic: 0x1cd1, kind: "pseudo" },
  { name: "binfmt_misc", magic: 0x42494e4d, kind: "pseudo" },
  { name: "securityfs", magic: 0x73636673, kind: "pseudo" },
  { name: "selinuxfs", magic: 0xf97cff8c, kind: "pseudo" },
  { name: "smackfs", magic: 0x43415d53, kind: "pseudo" },
  { name: "cgroup", magic: 0x27e0eb, kind: "pseudo" },
  { name: "cgroup2", magic: 0x63677270, kind: "pseudo" },
  { name: "nsfs", magic: 0x6e736673, kind: "pseudo" },
  { name: "efivarfs", magic: 0xde5e81e4, kind: "pseudo" },
  { name: "tracefs", magic: 0x74726163, kind: "pseudo" },
  { name: "pstore", magic: 0x6165676c, kind: "pseudo" },
  { name: "configfs", magic: 0x62656570, kind: "pseudo" },
  { name: "bpf", magic: 0xcafe4a11, kind: "pseudo" },
  { name: "mqueue", magic: 0x19800202, kind: "pseudo" },
  { name: "autofs", magic: 0x0187, kind: "pseudo" },
  { name: "openpromfs", magic: 0x9fa1, kind: "pseudo" },
  { name: "usbdevfs", magic: 0x9fa2, kind: "pseudo" },
  { name: "xenfs", magic: 0xabba1974, kind: "pseudo" },
  { name: "resctrl", magic: 0x7655821, kind: "pseudo" },
  { name: "bdev", magic: 0x62646576, kind: "pseudo" },
  { name: "dax", magic: 0x64646178, kind: "pseudo" },
  { name: "binder", magic: 0x6c6f6f70, kind: "pseudo" },
  { name: "futexfs", magic: 0xbad1dea, kind: "pseudo" },
  { name: "pipefs", magic: 0x50495045, kind: "pseudo" },
  { name: "sockfs", magic: 0x534f434b, kind: "pseudo" },
  { name: "mtd_inodefs", magic: 0x11307854, kind: "pseudo" },
  { name: "anon_inodefs", magic: 0x09041934, kind: "pseudo" },
  { name: "btrfs_test_fs", magic: 0x73727279, kind: "pseudo" },
  { name: "aafs", magic: 0x5a3c69f0, kind: "pseudo" },
  { name: "dmabuf", magic: 0x444d4142, kind: "pseudo" },
  { name: "devmem", magic: 0x454d444d, kind: "pseudo" },
  { name: "secretmem", magic: 0x5345434d, kind: "pseudo" },
  { name: "pidfs", magic: 0x50494446, kind: "pseudo" },
  { name: "hugetlbfs", magic: 0x958458f6, kind: "memory" },
  { name: "ext2, ext3, ext4", magic: 0xef53, kind: "disk" },
  { name: "xfs", magic: 0x58465342, kind: "disk" },
  { name: "btrfs", magic: 0x9123683e, kind: "disk" },
  { name: "bcachefs", magic: 0xca451a4e, kind: "disk" },
  { name: "f2fs", magic: 0xf2f52010, kind: "disk" },
  { name: "nilfs2", magic: 0x3434, kind: "disk" },
  { name: "jffs2", magic: 0x72b6, kind: "disk" },
  { name: "ubifs", magic: 0x24051905, kind: "disk" },
  { name: "squashfs", magic: 0x73717368, kind: "disk" },
  { name: "erofs", magic: 0xe0f5e1e2, kind: "disk" },
  { name: "cramfs", magic: 0x28cd3d45, kind: "disk" },
  { name: "cramfs of the other byte order", magic: 0x453dcd28, kind: "disk" },
  { name: "romfs", magic: 0x7275, kind: "disk" },
  { name: "iso9660", magic: 0x9660, kind: "disk" },
  { name: "udf", magic: 0x15013346, kind: "disk" },
  { name: "vfat, msdos", magic: 0x4d44, kind: "disk" },
  { name: "exfat", magic: 0x2011bab0, kind: "disk" },
  { name: "ntfs3", magic: 0x7366746e, kind: "disk" },
  { name: "gfs2", magic: 0x01161970, kind: "disk" },
  { name: "ocfs2", magic: 0x7461636f, kind: "disk" },
  { name: "zonefs", magic: 0x5a4f4653, kind: "disk" },
  { name: "reiserfs", magic: 0x52654973, kind: "disk" },
  { name: "jfs", magic: 0x3153464a, kind: "disk" },
  { name: "hfs", magic: 0x4244, kind: "disk" },
  { name: "hfsplus", magic: 0x482b, kind: "disk" },
  { name: "hpfs", magic: 0xf995e849, kind: "disk" },
  { name: "ufs", magic: 0x00011954, kind: "disk" },
  { name: "adfs", magic: 0xadf5, kind: "disk" },
  { name: "affs", magic: 0xadff, kind: "disk" },
  { name: "efs", magic: 0x414a53, kind: "disk" },
  { name: "minix", magic: 0x137f, kind: "disk" },
  { name: "minix, 30 characters", magic: 0x138f, kind: "disk" },
  { name: "minix v2", magic: 0x2468, kind: "disk" },
  { name: "minix v2, 30 characters", magic: 0x2478, kind: "disk" },
  { name: "minix v3", magic: 0x4d5a, kind: "disk" },
  { name: "qnx4", magic: 0x002f, kind: "disk" },
  { name: "qnx6", magic: 0x68191122, kind: "disk" },
  { name: "nfs", magic: 0x6969, kind: "network" },
  { name: "cifs", magic: 0xff534d42, kind: "network" },
  { name: "smb3", magic: 0xfe534d42, kind: "network" },
  { name: "smbfs", magic: 0x517b, kind: "network" },
  { name: "ceph", magic: 0x00c36400, kind: "network" },
  { name: "afs", magic: 0x5346414f, kind: "network" },
  { name: "afs of the kernel", magic: 0x6b414653, kind: "network" },
  { name: "coda", magic: 0x73757245, kind: "network" },
  { name: "ncpfs", magic: 0x564c, kind: "network" },
  { name: "orangefs", magic: 0x20030528, kind: "network" },
  { name: "9p", magic: 0x01021997, kind: "network" },
  { name: "hostfs", magic: 0x00c0ffee, kind: "network" },
  { name: "fuse", magic: 0x65735546, kind: "stacked" },
  { name: "overlay", magic: 0x794c7630, kind: "stacked" },
  { name: "ecryptfs", magic: 0xf15f, kind: "stacked" },
] as const satisfies readonly MagicRow[];

export type FileSystemName = (typeof table)[number]["name"];
export const FILE_SYSTEM_MAGIC: readonly MagicRow[] = table;

const BY_MAGIC: ReadonlyMap<number, MagicRow> = new Map(table.map((row) => [row.magic, row]));
const BY_NAME: ReadonlyMap<string, number> = new Map(table.map((row) => [row.name, row.magic]));

/** The row of a file system type, such as `ext4`. */
export const fileSystemNamed = (type: string): MagicRow | undefined =>
  FILE_SYSTEM_MAGIC.find((row) => row.name.split(", ").includes(type));

/** What has this magic number; undefined where nothing known here has. */
export const fileSystemOf = (magic: number): MagicRow | undefined => BY_MAGIC.get(magic);
export const magicOf = (name: FileSystemName): number => BY_NAME.get(name)!;
