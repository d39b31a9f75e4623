// The build-time options of the kernel that decide how IMA, EVM and the keyrings behave.
import { InputError } from "../errno/index.ts";

type Value = boolean | string | number;
/** Kconfig symbols without their CONFIG_ prefix. `true` stands for y or m, `false` for "is not set". */
export type KconfigValues = Readonly<Record<string, Value>>;

/** What a kernel is built with where the user does not say: all of IMA, EVM and the keyrings, as on the 6.12 recordings. */
// biome-ignore format: a table reads better in columns
export const DEFAULT_KCONFIG: KconfigValues = {
  AUDIT: true, MODULES: true, MODULE_FORCE_LOAD: false, MODULE_SIG: true, MODULE_SIG_FORMAT: true, MODULE_SIG_HASH: "sha256",
  EXT4_FS: true, XFS_FS: true, BTRFS_FS: true, FS_VERITY: true, FUSE_FS: true, OVERLAY_FS: true,
  EXT4_FS_POSIX_ACL: true, XFS_POSIX_ACL: true, BTRFS_FS_POSIX_ACL: true, TMPFS: true, TMPFS_POSIX_ACL: true, TMPFS_XATTR: true,
  KEYS: true, ENCRYPTED_KEYS: true, TRUSTED_KEYS: false, USER_DECRYPTED_DATA: true,
  SECURITY: true, LSM: "landlock,lockdown,yama,loadpin,safesetid,integrity", SECURITYFS: true, SECURITY_SMACK: true, SECURITY_SELINUX: false, SECURITY_APPARMOR: false,
  INTEGRITY: true, INTEGRITY_SIGNATURE: true, INTEGRITY_ASYMMETRIC_KEYS: true, INTEGRITY_TRUSTED_KEYRING: true,
  INTEGRITY_PLATFORM_KEYRING: false, INTEGRITY_MACHINE_KEYRING: false, INTEGRITY_CA_MACHINE_KEYRING: false,
  INTEGRITY_CA_MACHINE_KEYRING_MAX: false, INTEGRITY_AUDIT: true,
  IMA: true, IMA_KEXEC: false, IMA_MEASURE_PCR_IDX: 10, IMA_LSM_RULES: true, IMA_DEFAULT_TEMPLATE: "ima-ng",
  IMA_DEFAULT_HASH: "sha256", IMA_WRITE_POLICY: true, IMA_READ_POLICY: true,
  IMA_APPRAISE: true, IMA_ARCH_POLICY: false, IMA_APPRAISE_BUILD_POLICY: false,
  IMA_APPRAISE_REQUIRE_FIRMWARE_SIGS: false, IMA_APPRAISE_REQUIRE_KEXEC_SIGS: false,
  IMA_APPRAISE_REQUIRE_MODULE_SIGS: false, IMA_APPRAISE_REQUIRE_POLICY_SIGS: false,
  IMA_APPRAISE_BOOTPARAM: true, IMA_APPRAISE_MODSIG: true, IMA_APPRAISE_SIGNED_INIT: false,
  IMA_KEYRINGS_PERMIT_SIGNED_BY_BUILTIN_OR_SECONDARY: true, IMA_BLACKLIST_KEYRING: true,
  IMA_LOAD_X509: true, IMA_X509_PATH: "/etc/keys/x509_ima.der",
  IMA_MEASURE_ASYMMETRIC_KEYS: true, IMA_QUEUE_EARLY_BOOT_KEYS: true, IMA_DISABLE_HTABLE: false,
  IMA_STAGING: false, IMA_KEXEC_EXTRA_MEMORY_KB: 0,
  EVM: true, EVM_ATTR_FSUUID: true, EVM_EXTRA_SMACK_XATTRS: true, EVM_ADD_XATTRS: true,
  EVM_LOAD_X509: true, EVM_X509_PATH: "/etc/keys/x509_evm.der",
  SYSTEM_TRUSTED_KEYRING: true, SECONDARY_TRUSTED_KEYRING: true, SYSTEM_BLACKLIST_KEYRING: true,
  SYSTEM_BLACKLIST_AUTH_UPDATE: true, KEXEC: false, KEXEC_FILE: false, KEXEC_SIG: false, MODULE_SIG_FORCE: false, TCG_TPM: true,
  FW_LOADER_USER_HELPER: false, FW_LOADER_USER_HELPER_FALLBACK: false, FW_LOADER_COMPRESS_XZ: false, FW_LOADER_COMPRESS_ZSTD: false,
  ASYMMETRIC_KEY_TYPE: true, SYSTEM_REVOCATION_LIST: false, SECONDARY_TRUSTED_KEYRING_SIGNED_BY_BUILTIN: false,
  CRYPTO_RSA: true, CRYPTO_ECDSA: true, CRYPTO_ECRDSA: true, CRYPTO_HMAC: true, CRYPTO_MD4: false, CRYPTO_MD5: true, CRYPTO_SHA1: true,
  CRYPTO_RMD160: true, CRYPTO_SHA256: true, CRYPTO_SHA512: true, CRYPTO_SHA3: true, CRYPTO_SM3_GENERIC: true, CRYPTO_STREEBOG: true,
  CRYPTO_WP512: true,
};

/** Symbols that Kconfig offers only where others are set: `depends on`. */
// biome-ignore format: a table reads better in columns
const DEPENDS: Readonly<Record<string, readonly string[]>> = {
  INTEGRITY_ASYMMETRIC_KEYS: ["INTEGRITY_SIGNATURE"], INTEGRITY_TRUSTED_KEYRING: ["INTEGRITY_ASYMMETRIC_KEYS", "SYSTEM_TRUSTED_KEYRING"],
  INTEGRITY_PLATFORM_KEYRING: ["INTEGRITY_ASYMMETRIC_KEYS"], INTEGRITY_MACHINE_KEYRING: ["INTEGRITY_ASYMMETRIC_KEYS", "SECONDARY_TRUSTED_KEYRING"],
  INTEGRITY_CA_MACHINE_KEYRING: ["INTEGRITY_MACHINE_KEYRING"], INTEGRITY_CA_MACHINE_KEYRING_MAX: ["INTEGRITY_CA_MACHINE_KEYRING"],
  IMA: ["INTEGRITY"], IMA_LSM_RULES: ["IMA", "AUDIT"], IMA_WRITE_POLICY: ["IMA"], IMA_READ_POLICY: ["IMA"], IMA_APPRAISE: ["IMA"],
  IMA_ARCH_POLICY: ["IMA_APPRAISE"], IMA_APPRAISE_BUILD_POLICY: ["IMA_APPRAISE"],
  IMA_APPRAISE_REQUIRE_FIRMWARE_SIGS: ["IMA_APPRAISE_BUILD_POLICY"], IMA_APPRAISE_REQUIRE_KEXEC_SIGS: ["IMA_APPRAISE_BUILD_POLICY"],
  IMA_APPRAISE_REQUIRE_MODULE_SIGS: ["IMA_APPRAISE_BUILD_POLICY"], IMA_APPRAISE_REQUIRE_POLICY_SIGS: ["IMA_APPRAISE_BUILD_POLICY"],
  IMA_APPRAISE_BOOTPARAM: ["IMA_APPRAISE"], IMA_APPRAISE_MODSIG: ["IMA_APPRAISE", "INTEGRITY_ASYMMETRIC_KEYS"],
  IMA_APPRAISE_SIGNED_INIT: ["IMA_APPRAISE"], IMA_STAGING: ["IMA"], IMA_BLACKLIST_KEYRING: ["INTEGRITY_TRUSTED_KEYRING"], IMA_LOAD_X509: ["INTEGRITY_TRUSTED_KEYRING"],
  IMA_KEYRINGS_PERMIT_SIGNED_BY_BUILTIN_OR_SECONDARY: ["SYSTEM_TRUSTED_KEYRING", "SECONDARY_TRUSTED_KEYRING", "INTEGRITY_ASYMMETRIC_KEYS"],
  IMA_MEASURE_ASYMMETRIC_KEYS: ["IMA"], IMA_QUEUE_EARLY_BOOT_KEYS: ["IMA_MEASURE_ASYMMETRIC_KEYS"],
  EVM: ["INTEGRITY"], EVM_ATTR_FSUUID: ["EVM"], EVM_EXTRA_SMACK_XATTRS: ["EVM", "SECURITY_SMACK"], EVM_ADD_XATTRS: ["EVM"],
  EVM_LOAD_X509: ["EVM", "INTEGRITY_TRUSTED_KEYRING"], FW_LOADER_USER_HELPER_FALLBACK: ["FW_LOADER_USER_HELPER"],
};

const RANGES: Readonly<Record<string, readonly [number, number]>> = { IMA_MEASURE_PCR_IDX: [8, 14] };

const NO_CHANGES: KconfigValues = {};

export class Kconfig {
  /** Nothing of a Kconfig changes, so that one default serves all. */
  static readonly #defaults = Kconfig.#changed(NO_CHANGES);
  readonly #values: Map<string, Value>;
  /** Symbols that are built as modules. */
  readonly #modular: ReadonlySet<string>;
  /** Where a symbol is not named, it is not set: a recording's list is complete. */
  private constructor(values: Map<string, Value>, modular: ReadonlySet<string> = new Set()) {
    this.#values = values;
    this.#modular = modular;
  }

  /**
   * The default configuration with some symbols changed; what depends on a symbol that is switched off goes with it.
   * @throws InputError `bad-kconfig` for an unknown symbol, a value of the wrong kind or out of range, and for a symbol
   * that is asked for while another that it depends on is off.
   */
  static withDefaults(changes: KconfigValues = NO_CHANGES): Kconfig {
    return changes === NO_CHANGES ? Kconfig.#defaults : Kconfig.#changed(changes);
  }

  static #changed(changes: KconfigValues): Kconfig {
    const values = new Map(Object.entries(DEFAULT_KCONFIG));
    const asked = new Map<string, Value>();
    for (const [given, value] of Object.entries(changes)) {
      const name = given.replace(/^CONFIG_/, "");
      const known = DEFAULT_KCONFIG[name];
      if (known === undefined) throw new InputError("bad-kconfig", `config.${given}`, `imasim knows no symbol ${name}`);
      if (typeof known !== typeof value)
        throw new InputError("bad-kconfig", `config.${given}`, `wants a ${typeof known}, not ${JSON.stringify(value)}`);
      asked.set(name, value);
      values.set(name, value);
    }
    for (let changed = true; changed; ) {
      changed = false;
      for (const [name, needs] of Object.entries(DEPENDS)) {
        const missing = values.get(name) === true ? needs.find((n) => values.get(n) !== true) : undefined;
        if (missing === undefined) continue;
        if (asked.get(name) === true)
          throw new InputError("bad-kconfig", `config.${name}`, `depends on ${missing}, which is not set`);
        values.set(name, false);
        changed = true;
      }
    }
    return new Kconfig(values).#inRange();
  }

  /**
   * Reads lines of a .config: `CONFIG_X=y`, `CONFIG_N=10`, `CONFIG_S="text"`, `# CONFIG_X is not set`. What no line names is not set.
   * @throws InputError `bad-kconfig` for a line of another shape.
   */
  static fromLines(lines: Iterable<string>): Kconfig {
    const values = new Map<string, Value>();
    const modular = new Set<string>();
    let at = 0;
    for (const line of lines) {
      at++;
      const text = line.trim();
      const m = /^CONFIG_([A-Z0-9_a-z]+)=(?:"((?:[^"\\]|\\.)*)"|([ymn])|(-?\d+|0x[0-9a-fA-F]+))$/.exec(text);
      if (m) {
        values.set(m[1]!, m[2] !== undefined ? m[2] : m[3] !== undefined ? m[3] !== "n" : Number(m[4]));
        if (m[3] === "m") modular.add(m[1]!);
      } else if (text !== "" && !text.startsWith("#"))
        throw new InputError(
          "bad-kconfig",
          `config line ${at}`,
          `'${text.slice(0, 60)}' is not of the form CONFIG_NAME=value`,
        );
    }
    for (const [name, needs] of Object.entries(DEPENDS)) {
      const missing =
        values.get(name) === true ? needs.find((n) => n.startsWith("I") && values.get(n) !== true) : undefined;
      if (missing !== undefined)
        throw new InputError("bad-kconfig", `config.${name}`, `depends on ${missing}, which is not set`);
    }
    return new Kconfig(values, modular).#inRange();
  }

  #inRange(): this {
    for (const [name, [low, high]] of Object.entries(RANGES)) {
      const value = this.#values.get(name);
      if (value !== undefined && !(typeof value === "number" && value >= low && value <= high))
        throw new InputError("bad-kconfig", `config.${name}`, `${String(value)} is not within ${low}..${high}`);
    }
    return this;
  }

  /** y, not m: there without anything that user space loads. */
  builtIn(symbol: string): boolean {
    return this.enabled(symbol) && !this.#modular.has(symbol);
  }
  /** y or m. */
  enabled(symbol: string): boolean {
    return this.#values.get(symbol) === true;
  }
  text(symbol: string): string | undefined {
    const value = this.#values.get(symbol);
    return typeof value === "string" ? value : undefined;
  }
  number(symbol: string): number | undefined {
    const value = this.#values.get(symbol);
    return typeof value === "number" ? value : undefined;
  }
}
