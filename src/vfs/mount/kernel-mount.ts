// File systems that the kernel mounts for itself, at no place in the tree, when something first needs them (fs/namespace.c: kern_mount).
import { FS_TYPES } from "../fstypes.ts";
import { mountFlags, type Vfs } from "../vfs.ts";
import { Mount } from "./mount.ts";
import { createSuperBlock } from "./super.ts";

/** Their minor numbers on a machine whose other file systems come later: shm_mnt is the first, nsfs follows bdev, pipefs and sockfs. */
const MINOR: Readonly<Record<"tmpfs" | "nsfs", number>> = { tmpfs: 1, nsfs: 4 };

/** @param minor of the device, where the type has none of its own */
export function kernelMount(vfs: Vfs, type: keyof typeof MINOR): Mount;
export function kernelMount(vfs: Vfs, type: "securityfs", minor: number): Mount;
export function kernelMount(vfs: Vfs, type: keyof typeof MINOR | "securityfs", minor?: number): Mount {
  const there = vfs.kernelMounts.get(type);
  if (there !== undefined) return there;
  const sb = createSuperBlock(vfs, FS_TYPES.get(type)!, {
    dev: { major: 0, minor: type === "securityfs" ? minor! : MINOR[type] },
  });
  const mount = new Mount(sb, sb.root, null, mountFlags(), false);
  sb.mounts++;
  vfs.kernelMounts.set(type, mount);
  return mount;
}
