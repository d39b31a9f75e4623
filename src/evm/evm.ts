// EVM of one kernel: its boot messages, its files in securityfs, its answers to appraisal, its hooks
// (security/integrity/evm/evm_main.c: init_evm, evm_init_config, evm_set_fixmode).
import type { IntegrityAudit, KernelLog } from "../audit/index.ts";
import { type HashName, hashAvailable } from "../crypto/index.ts";
import { type Denial, ok, type Result } from "../errno/index.ts";
import { XATTR_NAME_IMA } from "../formats/index.ts";
import type { Kconfig, Release } from "../release/index.ts";
import type { Dentry, Inode, Path, SecurityModule, Subject } from "../vfs/index.ts";
import type { EvmCandidates } from "./alternatives.ts";
import { type EvmCore, type EvmOptions, hmacUnsupported } from "./core.ts";
import { diagnoseVerification, type EvmDiagnosis } from "./diagnose.ts";
import type { EvmFiles, EvmKeys } from "./environment.ts";
import { type EvmExamination, examine, surroundings } from "./examine.ts";
import { EvmInodeStates } from "./inode-states.ts";
import { evmSecurityModule, revalidates } from "./module.ts";
import type { EvmGuardDecision, EvmObserver, EvmVerification } from "./observe.ts";
import type { EvmXattr } from "./preimage.ts";
import { ProtectedXattrs } from "./protected-xattrs.ts";
import { refreshHmac } from "./refresh.ts";
import { EvmSetup } from "./setup.ts";
import type { EvmStatus } from "./status.ts";
import { type EvmTarget, metadataChanged, verifyXattr } from "./verify.ts";
import { EvmXattrsFile } from "./xattrs-file.ts";

export class Evm implements EvmCore {
  readonly release: Release;
  readonly config: Kconfig;
  readonly log: KernelLog;
  readonly audit: IntegrityAudit;
  readonly keys: EvmKeys;
  readonly files: EvmFiles;
  readonly names: ProtectedXattrs;
  /** <securityfs>/integrity/evm/evm */
  readonly setup: EvmSetup;
  /** <securityfs>/integrity/evm/evm_xattrs; null on kernels without it. */
  readonly xattrsFile: EvmXattrsFile | null;
  readonly inodes: EvmInodeStates;
  readonly hashAvailable: (name: HashName) => boolean;
  /** May be set at any time; null: nobody watches, and nothing is prepared for watching. */
  observer: EvmObserver | null;
  /** May be set back to null by who has looked at it. */
  lastRefusal: EvmGuardDecision | null = null;
  #fixMode = false;
  readonly #secureBoot: boolean;

  constructor(options: EvmOptions) {
    const { release, config, log, audit, keys, files } = options;
    this.release = release;
    this.config = config;
    this.log = log;
    this.audit = audit;
    this.keys = keys;
    this.files = files;
    this.names = new ProtectedXattrs(release, config);
    this.setup = new EvmSetup(release, log, keys);
    this.xattrsFile =
      release.has("evm-xattrs-file") && config.enabled("EVM_ADD_XATTRS")
        ? new EvmXattrsFile(this.names, log, config)
        : null;
    const shared = options.imaInodeState ?? (() => null);
    this.inodes = new EvmInodeStates(release.has("lsm-hooks") ? null : shared);
    this.hashAvailable = options.hashAvailable ?? ((name) => hashAvailable(config, name));
    this.observer = options.observer ?? null;
    this.#secureBoot = options.secureBoot ?? false;
  }

  /** One `evm=` of the command line, which is read long before EVM starts: a bad value is complained about in its place among the other parameters. */
  bootParameter(value: string): void {
    if (value.startsWith("fix")) this.#fixMode = true;
    else this.log.printk(`evm: invalid "${value}" mode`);
  }

  /** init_evm: what the boot log says. */
  start(): void {
    if (this.#fixMode && this.#secureBoot && this.release.has("evm-fix-ignored-secure-boot")) {
      this.#fixMode = false;
      this.log.printk("evm: Secure boot enabled: ignoring evm=fix");
    }
    if (this.release.has("evm-xattrs-file")) {
      this.log.printk("evm: Initialising EVM extended attributes:");
      for (const { name, enabled } of this.names.list) this.log.printk(`evm: ${name}${enabled ? "" : " (disabled)"}`);
    }
    this.log.printk(`evm: HMAC attrs: 0x${this.config.enabled("EVM_ATTR_FSUUID") ? 1 : 0}`);
  }

  /** evm_load_x509, once the certificate of CONFIG_EVM_X509_PATH is on the EVM keyring. */
  certificateLoaded(): void {
    this.setup.certificateLoaded();
  }

  /** evm=fix */
  get fixMode(): boolean {
    return this.#fixMode;
  }
  get hmacOn(): boolean {
    return this.setup.hmacOn;
  }
  get x509On(): boolean {
    return this.setup.x509On;
  }

  /** Whether EVM vouches for an xattr with the value that appraisal read. An open file serves as target. */
  verifyXattr(task: Subject, target: EvmTarget, name: string, value: Uint8Array): EvmStatus {
    return verifyXattr(this, task, target, name, value);
  }

  /** The same for who wants to know why. */
  examineXattr(task: Subject, target: EvmTarget, name: string, value: Uint8Array): EvmExamination {
    return examine(this, task, () => verifyXattr(this, task, target, name, value))!;
  }

  /** Whether a change of this xattr, or of attributes (null), asks for a new verdict. */
  revalidateStatus(name: string | null): boolean {
    return revalidates(this, name);
  }

  /** Whether EVM protects this xattr on this kernel. */
  protectedXattr(name: string): boolean {
    return this.names.protects(name);
  }

  /** On overlay: whether the metadata changed underneath since it was last verified; if so the cached verdict is void. */
  metadataChanged(inode: Inode, metadataInode: Inode): boolean {
    return metadataChanged(this, inode, metadataInode);
  }

  /** Protected xattrs that a file has, disabled names included, in the order of the list (evm_read_protected_xattrs). */
  readProtectedXattrs(dentry: Dentry, inode: Inode): Result<readonly EvmXattr[]> {
    const found: EvmXattr[] = [];
    for (const { name } of this.names.list) {
      const stored = this.files.readXattr(dentry, inode, name);
      if (stored.ok) found.push({ name, value: stored.value });
      else if (stored.errno !== "ENODATA") return stored;
    }
    return ok(found);
  }

  /** evm_fix_hmac (since "evm-fix-beside-signature"): under evm=fix, writes the HMAC that a file with a good security.ima lacks. */
  fixHmac(task: Subject, path: Path, value: Uint8Array): Denial {
    if (!this.#fixMode || !revalidates(this, XATTR_NAME_IMA) || !this.setup.hmacOn) return "EPERM";
    if (hmacUnsupported(this, path.dentry.inode!)) return "EOPNOTSUPP";
    return refreshHmac(this, task, path, { name: XATTR_NAME_IMA, value });
  }

  /**
   * What would have to be different for a label to verify that did not: the first plausible difference that fits.
   * Without candidates the other files and file systems in memory are tried, beside what always suggests itself.
   */
  diagnose(task: Subject, failed: EvmVerification, candidates?: EvmCandidates): EvmDiagnosis | null {
    return diagnoseVerification(this, task, failed, candidates ?? surroundings(failed.inode));
  }

  /** The hooks of EVM. It stands last among the modules. */
  asSecurityModule(): SecurityModule {
    return evmSecurityModule(this);
  }
}
