// struct path: a name in one mount.
import type { Dentry } from "./dentry.ts";
import type { Mount } from "./mount/mount.ts";

export interface Path {
  readonly mount: Mount;
  readonly dentry: Dentry;
}
