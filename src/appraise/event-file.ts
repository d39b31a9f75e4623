// What template fields may want to know of a measured file, looked up only when one asks.
import { digest } from "../crypto/index.ts";
import { ok, type Result } from "../errno/index.ts";
import { XATTR_NAME_EVM } from "../formats/index.ts";
import type { EventFile } from "../measure/index.ts";
import { type OpenFile, readXattr, type Subject } from "../vfs/index.ts";
import { contentToHash } from "./collect.ts";
import type { Ima } from "./ima.ts";

export function eventFile(ima: Ima, task: Subject, file: OpenFile): EventFile {
  const { inode } = file;
  const { dentry } = file.path;
  const read = (name: string): Uint8Array | null => {
    const value = readXattr(dentry, inode, name);
    return value.ok ? value.value : null;
  };
  return {
    name: dentry.name,
    uid: inode.uid,
    gid: inode.gid,
    mode: inode.mode,
    evmXattr: () => read(XATTR_NAME_EVM),
    protectedXattrs: () => {
      const found = ima.evm.readProtectedXattrs(dentry, inode);
      return found.ok ? found.value : null;
    },
    rehash: (algorithm): Result<Uint8Array> => {
      const content = contentToHash(ima, task, file);
      return content.ok ? ok(digest(algorithm, content.value)) : content;
    },
  };
}
