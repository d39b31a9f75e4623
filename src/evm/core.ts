// What the parts of EVM share: the state of one kernel.
import type { IntegrityAudit, KernelLog } from "../audit/index.ts";
import type { HashName } from "../crypto/index.ts";
import type { Kconfig, Release } from "../release/index.ts";
import type { Inode } from "../vfs/index.ts";
import type { EvmFiles, EvmInodeState, EvmKeys } from "./environment.ts";
import type { EvmInodeStates } from "./inode-states.ts";
import type { EvmGuardDecision, EvmObserver } from "./observe.ts";
import type { ProtectedXattrs } from "./protected-xattrs.ts";
import type { EvmSetup } from "./setup.ts";

export interface EvmOptions {
  readonly release: Release;
  readonly config: Kconfig;
  readonly log: KernelLog;
  readonly audit: IntegrityAudit;
  readonly keys: EvmKeys;
  readonly files: EvmFiles;
  /** EFI secure boot. Default false. */
  readonly secureBoot?: boolean;
  /** Whether the crypto layer has an algorithm now. Default: as the configuration says. */
  readonly hashAvailable?: (name: HashName) => boolean;
  /** Releases without "lsm-hooks": the part of IMA's iint that EVM shares; null while the inode has none. */
  readonly imaInodeState?: (inode: Inode) => EvmInodeState | null;
  readonly observer?: EvmObserver | null;
}

export interface EvmCore {
  readonly release: Release;
  readonly config: Kconfig;
  readonly log: KernelLog;
  readonly audit: IntegrityAudit;
  readonly keys: EvmKeys;
  readonly files: EvmFiles;
  readonly names: ProtectedXattrs;
  readonly setup: EvmSetup;
  readonly inodes: EvmInodeStates;
  /** evm=fix */
  readonly fixMode: boolean;
  readonly hashAvailable: (name: HashName) => boolean;
  observer: EvmObserver | null;
  /** The last change that was refused: what a caller that gets EPERM can be told. */
  lastRefusal: EvmGuardDecision | null;
}

/** is_unsupported_hmac_fs: HMACs make no sense on a file system whose inodes are made up (overlay). Says so once. */
export function hmacUnsupported(core: EvmCore, inode: Inode): boolean {
  if (!inode.sb.flags.evmHmacUnsupported || !core.release.has("evm-overlay-unsupported")) return false;
  core.log.printkOnce("evm-unsupported-fs", `evm: ${inode.sb.type.name} not supported`);
  return true;
}
