// The first HMAC of a file that is born with labels (security/integrity/evm/evm_main.c: evm_inode_init_security; evm_crypto.c: evm_init_hmac).
import { hmac } from "../crypto/index.ts";
import type { Denial } from "../errno/index.ts";
import { IMA_XATTR, XATTR_NAME_EVM } from "../formats/index.ts";
import type { InitialXattr, Inode } from "../vfs/index.ts";
import type { EvmCore } from "./core.ts";
import { type EvmXattr, preimageParts } from "./preimage.ts";

/** Adds security.evm to what security modules give the new inode, where EVM protects any of it. */
export function labelNewInode(core: EvmCore, inode: Inode, xattrs: InitialXattr[]): Denial {
  const { setup, names, release } = core;
  // Before "evm-portable-metadata" a certificate alone led here, and the file could not be made.
  if (!setup.hmacOn && (release.has("evm-portable-metadata") || !setup.keyLoaded)) return null;
  const candidates = release.has("evm-multiple-initial-xattrs") ? xattrs : xattrs.slice(0, 1);
  if (!candidates.some((x) => names.protectsInitial(x.name))) return null;
  const key = setup.hmacKey;
  if (key === null) {
    core.log.printkOnce("evm-hmac-key", "evm: HMAC key is not set");
    core.log.printk("evm: init_desc failed");
    return "ENOKEY";
  }
  const parts = preimageParts({
    type: "hmac",
    xattrs: inOrder(core, candidates),
    inode,
    fsuuid: core.config.enabled("EVM_ATTR_FSUUID") ? inode.sb.uuid : null,
  });
  xattrs.push({ name: XATTR_NAME_EVM, value: Uint8Array.of(IMA_XATTR.EVM_HMAC, ...hmac("sha1", key, ...parts)) });
  return null;
}

function inOrder(core: EvmCore, xattrs: readonly InitialXattr[]): readonly EvmXattr[] {
  if (!core.release.has("ordered-initial-hmac")) return xattrs;
  return core.names.list.flatMap(({ name }) => xattrs.filter((x) => x.name === name));
}
