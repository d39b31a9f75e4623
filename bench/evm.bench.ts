// What EVM costs: the HMAC that follows every change of metadata, and the answer that appraisal gets for every file it looks at.
import { createHmac } from "node:crypto";
import { IntegrityAudit, KernelLog } from "../src/audit/index.ts";
import { ok } from "../src/errno/index.ts";
import { Evm } from "../src/evm/index.ts";
import { Kconfig, Release } from "../src/release/index.ts";
import { CAPABILITIES, Dentry, Inode, readXattr, type Subject, Vfs } from "../src/vfs/index.ts";
import type { Suite } from "./suite.ts";

const root: Subject = {
  cred: {
    ...{ uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, groups: [] },
    capabilities: new Set(CAPABILITIES),
  },
  ...{ pid: 1, ppid: 0, comm: "init", auid: 4294967295, ses: 4294967295, exe: null, tty: "(none)", label: null },
  readImpliesExec: false,
};

/** A file with security.ima, in a kernel in HMAC mode. */
function labelledFile() {
  const release = Release.parse("6.12");
  const log = new KernelLog();
  const evm = new Evm({
    release,
    config: Kconfig.withDefaults(),
    log,
    audit: new IntegrityAudit(log, release, { informational: false, enabled: true }),
    keys: { requestEvmKey: () => ok(new Uint8Array(32).fill(1)), verifySignature: () => "ENOKEY" },
    files: {
      readXattr,
      setXattr: (_task, { dentry }, name, value) => {
        dentry.inode!.xattrs.set(name, value);
        return null;
      },
      removeXattr: () => null,
      metadataInode: (dentry) => dentry.inode!,
      hasIversion: () => false,
      queryIversion: () => 0,
      peekIversion: () => 0,
    },
  });
  evm.setup.write(root, Uint8Array.of(0x31));
  const vfs = new Vfs({ clock: () => 0, random: () => 7, release, modules: [] });
  const { mount, dentry } = vfs.root;
  const init = { ino: 12, generation: 7, mode: 0o100644, uid: 0, gid: 0, nlink: 1, time: 0 };
  const inode = new Inode(dentry.sb, init);
  const ima = Uint8Array.of(4, 4, ...new Uint8Array(32).fill(9));
  inode.xattrs.set("security.ima", ima);
  const path = { mount, dentry: new Dentry(dentry.sb, "f", dentry, inode) };
  return { evm, module: evm.asSecurityModule(), path, inode, ima };
}

export default {
  name: "evm",
  run(add) {
    const { evm, module, path, inode, ima } = labelledFile();
    const chmod = { mode: inode.mode };
    const refresh = () => module.inodePostSetattr!(root, path, chmod);
    const verify = () => {
      const status = evm.verifyXattr(root, { path, inode }, "security.ima", ima);
      if (status !== "pass") throw new Error(`status ${status}`);
      return status;
    };
    add("HMAC update after chmod", refresh, { aim: 20 });
    add("verify, first time", verify, { before: refresh });
    refresh();
    // One alone is shorter than the clock can tell.
    add("verify, cached, 1000 times", () => Array.from({ length: 1000 }, verify).length, { aim: 1000 });
    const key = new Uint8Array(128).fill(1);
    const bytes = new Uint8Array(34 + 24 + 16);
    add("node:crypto HMAC-SHA1 over the same bytes", () => createHmac("sha1", key).update(bytes).digest());
  },
  peer: "node:crypto HMAC-SHA1 over the same bytes",
} satisfies Suite;
