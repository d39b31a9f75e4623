// Which xattrs EVM protects, and in which order it hashes them
// (security/integrity/evm/evm_main.c: evm_config_default_xattrnames, evm_protected_xattr; evm_secfs.c: evm_write_xattrs).
import type { Kconfig, Release } from "../release/index.ts";

interface DefaultXattr {
  readonly name: string;
  /** The Kconfig symbol that enables it; null: always. What counts is what was built in, not which module is active. */
  readonly symbol: string | null;
  /** First release whose list holds it, where that is not the first one known here. */
  readonly since?: string;
}

/** In the order of hashing; names added later follow. */
const DEFAULT_XATTRS: readonly DefaultXattr[] = [
  { name: "security.selinux", symbol: "SECURITY_SELINUX" },
  { name: "security.SMACK64", symbol: "SECURITY_SMACK" },
  { name: "security.SMACK64EXEC", symbol: "EVM_EXTRA_SMACK_XATTRS" },
  { name: "security.SMACK64TRANSMUTE", symbol: "EVM_EXTRA_SMACK_XATTRS" },
  { name: "security.SMACK64MMAP", symbol: "EVM_EXTRA_SMACK_XATTRS" },
  { name: "security.apparmor", symbol: "SECURITY_APPARMOR", since: "4.15" },
  { name: "security.ima", symbol: "IMA_APPRAISE" },
  { name: "security.capability", symbol: null },
];

const SECURITY_PREFIX = "security.";

export interface ProtectedXattr {
  readonly name: string;
  /** Disabled names are covered by portable signatures only. */
  readonly enabled: boolean;
}

export class ProtectedXattrs {
  #list: readonly ProtectedXattr[];
  /** What `protects` answered since the list last changed. */
  readonly #known = new Map<string, boolean>();

  constructor(release: Release, config: Kconfig) {
    const listed = DEFAULT_XATTRS.filter(({ since }) => since === undefined || release.atLeast(since)).map(
      ({ name, symbol }) => ({ name, enabled: symbol === null || config.enabled(symbol) }),
    );
    // Earlier releases compiled the table without what was off.
    this.#list = release.has("evm-portable-metadata") ? listed : listed.filter((x) => x.enabled);
  }

  /** In the order of hashing, disabled ones included. */
  get list(): readonly ProtectedXattr[] {
    return this.#list;
  }

  /**
   * evm_protected_xattr: whether changes of this xattr matter. Beside a whole enabled name, whatever an enabled name begins with
   * behind its "security." counts: meant for the short names of new inodes' xattrs, but applied to every name.
   */
  protects(name: string): boolean {
    let known = this.#known.get(name);
    if (known === undefined) {
      known = this.#list.some(
        (x) => x.enabled && (x.name === name || x.name.slice(SECURITY_PREFIX.length).startsWith(name)),
      );
      // A process may ask with any number of names.
      if (this.#known.size >= 256) this.#known.clear();
      this.#known.set(name, known);
    }
    return known;
  }

  /** The same for an xattr that a security module gives a new inode: the kernel compares without "security.". */
  protectsInitial(name: string): boolean {
    return this.protects(name.startsWith(SECURITY_PREFIX) ? name.slice(SECURITY_PREFIX.length) : name);
  }

  /** Adds a name at the end, or enables one that is listed and off. */
  add(name: string): "added" | "enabled" | "exists" | "not-security" {
    if (!name.startsWith(SECURITY_PREFIX)) return "not-security";
    const listed = this.#list.find((x) => x.name === name);
    if (listed?.enabled) return "exists";
    this.#list =
      listed === undefined
        ? [...this.#list, { name, enabled: true }]
        : this.#list.map((x) => (x === listed ? { name, enabled: true } : x));
    this.#known.clear();
    return listed === undefined ? "added" : "enabled";
  }
}
