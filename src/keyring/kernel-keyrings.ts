// The keyrings that the kernel makes for itself, and what is in them from the start (certs/system_keyring.c, certs/blacklist.c:
// blacklist_init, security/integrity/digsig.c: integrity_init_keyring, security/integrity/ima/ima_mok.c, platform_certs/).
import { type Denial, ERRNO, type Result } from "../errno/index.ts";
import { createOrUpdate, linkKey } from "./create.ts";
import { type Key, NEED, POSSESSOR_BUT_SETATTR, permission } from "./key.ts";
import { BLACKLIST_PERM } from "./key-types/blacklist.ts";
import { keyringType } from "./key-types/keyring.ts";
import { userKeyrings } from "./process-keyrings.ts";
import {
  byBuiltin,
  bySecondary,
  digsigByBuiltin,
  digsigBySecondary,
  onlyBlacklist,
  onlyCa,
  type Restriction,
} from "./restrict.ts";
import type { KernelKeyrings, KeyState } from "./state.ts";

const READ_ONLY = permission(POSSESSOR_BUT_SETATTR, NEED.VIEW | NEED.READ | NEED.SEARCH);
const WRITABLE = READ_ONLY | permission(0, NEED.WRITE);
const BLACKLIST_RING = permission(
  NEED.VIEW | NEED.READ | NEED.SEARCH | NEED.WRITE,
  NEED.VIEW | NEED.READ | NEED.SEARCH,
);
/** Compiled-in certificates and those of CONFIG_IMA_X509_PATH; those of the firmware cannot be read. */
const CERTIFICATE = permission(POSSESSOR_BUT_SETATTR, NEED.VIEW | NEED.READ);
const FIRMWARE_CERTIFICATE = permission(POSSESSOR_BUT_SETATTR, NEED.VIEW);

/** Root may do with it what it likes, and nobody else anything. */
const VERITY_RING = permission(NEED.SEARCH, NEED.VIEW | NEED.READ | NEED.WRITE | NEED.SEARCH | NEED.SETATTR);

/** The keyrings that signatures are looked up in. */
export type IntegrityKeyring = "ima" | "evm" | "platform" | "machine";

/** What such a keyring is called: .ima and .evm are the kernel's, _ima and _evm user space's. */
export function integrityKeyringName({ config }: KeyState, id: IntegrityKeyring): string {
  const trusted = id === "platform" || id === "machine" || config.enabled("INTEGRITY_TRUSTED_KEYRING");
  return `${trusted ? "." : "_"}${id}`;
}

function makeKeyring(
  state: KeyState,
  slot: keyof KernelKeyrings | null,
  description: string,
  perm: number,
  { restriction = null, keep = false }: { readonly restriction?: Restriction | null; readonly keep?: boolean } = {},
): Key {
  const made = state.store.alloc({
    type: keyringType,
    description,
    uid: 0,
    gid: 0,
    perm,
    quota: "none",
    keep,
    restriction,
  });
  if (!made.ok) throw new Error(`the kernel cannot make its keyring ${description}: ${made.errno}`);
  if (slot !== null) state.rings[slot] = made.value;
  return made.value;
}

/** The keyrings of device_initcall and of late_initcall, in the order in which they come up. */
export function makeSystemKeyrings(state: KeyState, blacklistedHashes: readonly string[]): void {
  const { config, log, rings } = state;
  if (config.enabled("SYSTEM_TRUSTED_KEYRING")) {
    log.printk("Initialise system trusted keyrings");
    const builtin = makeKeyring(state, "builtin", ".builtin_trusted_keys", READ_ONLY);
    if (config.enabled("SECONDARY_TRUSTED_KEYRING")) {
      const secondary = makeKeyring(state, "secondary", ".secondary_trusted_keys", WRITABLE, {
        restriction: bySecondary,
      });
      linkKey(state, secondary, builtin);
    }
  }
  if (config.enabled("SYSTEM_BLACKLIST_KEYRING")) makeBlacklist(state, blacklistedHashes);
  if (config.enabled("INTEGRITY_PLATFORM_KEYRING")) {
    makeKeyring(state, "platform", ".platform", READ_ONLY);
    log.printk("integrity: Platform Keyring initialized");
  }
  if (config.enabled("INTEGRITY_MACHINE_KEYRING")) {
    const restriction = config.enabled("INTEGRITY_CA_MACHINE_KEYRING") ? onlyCa : null;
    const machine = makeKeyring(state, "machine", ".machine", READ_ONLY, { restriction });
    if (rings.secondary !== null) linkKey(state, rings.secondary, machine);
    log.printk("integrity: Machine keyring initialized");
  }
  if (config.enabled("IMA_BLACKLIST_KEYRING")) {
    log.printk("Allocating IMA blacklist keyring.");
    makeKeyring(state, "imaBlacklist", ".ima_blacklist", WRITABLE, { restriction: byBuiltin, keep: true });
  }
  if (config.enabled("ASYMMETRIC_KEY_TYPE")) log.printk("Asymmetric key parser 'x509' registered");
  if (config.enabled("FS_VERITY_BUILTIN_SIGNATURES")) makeKeyring(state, null, ".fs-verity", VERITY_RING);
  // init_root_keyring: root has its keyrings before its first process asks for them.
  userKeyrings(state, state.kernel);
}

function makeBlacklist(state: KeyState, hashes: readonly string[]): void {
  const writable = state.config.enabled("SYSTEM_BLACKLIST_AUTH_UPDATE") ? permission(0, NEED.WRITE) : 0;
  makeKeyring(state, "blacklist", ".blacklist", BLACKLIST_RING | writable, { restriction: onlyBlacklist, keep: true });
  for (const hash of hashes)
    if (blacklistHash(state, hash) !== null) state.log.printk("blacklist: - blacklisting failed");
}

/** mark_raw_hash_blacklisted: adds `tbs:HEX` or `bin:HEX` on the kernel's own behalf. */
export function blacklistHash(state: KeyState, description: string): Denial {
  const keyring = state.rings.blacklist;
  if (keyring === null) return "ENODEV";
  const made = createOrUpdate(state, state.kernel, {
    keyring: { key: keyring, possessed: true },
    type: "blacklist",
    description,
    payload: new Uint8Array(),
    perm: BLACKLIST_PERM,
    kernel: true,
    builtin: true,
    exclusive: true,
  });
  if (made.ok) return null;
  state.log.printk(
    made.errno === "EEXIST"
      ? `blacklist: Duplicate blacklisted hash ${description}`
      : `blacklist: Problem blacklisting hash ${description}: -${made.errno}`,
  );
  return made.errno;
}

/** x509_load_certificate_list: compiled-in certificates, which no restriction applies to. */
function loadList(state: KeyState, keyring: Key, certificates: readonly Uint8Array[]): void {
  for (const payload of certificates) {
    const made = createOrUpdate(state, state.kernel, {
      keyring: { key: keyring, possessed: true },
      type: "asymmetric",
      description: null,
      payload,
      perm: CERTIFICATE,
      kernel: true,
      builtin: true,
      bypassRestriction: true,
    });
    state.log.printk(
      made.ok
        ? `Loaded X.509 cert '${made.value.key.description}'`
        : `Problem loading in-kernel X.509 certificate (${-ERRNO[made.errno]})`,
    );
  }
}

/** load_system_certificate_list: the certificate of the module signing key first, then those of CONFIG_SYSTEM_TRUSTED_KEYS. */
export function loadCompiledIn(state: KeyState, certificates: readonly Uint8Array[]): void {
  const keyring = state.rings.builtin;
  if (keyring === null) return;
  state.log.printk("Loading compiled-in X.509 certificates");
  loadList(state, keyring, certificates);
}

/** load_revocation_certificate_list: certificates whose signatures no longer count. */
export function loadRevocations(state: KeyState, certificates: readonly Uint8Array[]): void {
  const keyring = state.rings.blacklist;
  if (keyring === null || !state.config.enabled("SYSTEM_REVOCATION_LIST") || certificates.length === 0) return;
  state.log.printk("Loading compiled-in revocation X.509 certificates");
  loadList(state, keyring, certificates);
}

/**
 * Makes .ima or .evm, where the kernel makes them; a second call makes a new, empty one. The certificate of the module signing key is put on
 * .ima for appended signatures.
 */
export function makeIntegrityKeyring(state: KeyState, id: "ima" | "evm", moduleKey: Uint8Array | null): void {
  const { config, log, release } = state;
  if (!config.enabled("INTEGRITY_TRUSTED_KEYRING")) return;
  const usage = release.has("integrity-key-usage");
  const restriction = config.enabled("IMA_KEYRINGS_PERMIT_SIGNED_BY_BUILTIN_OR_SECONDARY")
    ? usage
      ? digsigBySecondary
      : bySecondary
    : usage
      ? digsigByBuiltin
      : byBuiltin;
  const keyring = makeKeyring(state, id, integrityKeyringName(state, id), WRITABLE, { restriction });
  if (id !== "ima" || !config.enabled("IMA_APPRAISE_MODSIG") || !release.has("modsign-key-on-ima")) return;
  log.printk("Loading compiled-in module X.509 certificates");
  if (moduleKey !== null) loadList(state, keyring, [moduleKey]);
}

function addCertificate(state: KeyState, id: IntegrityKeyring, payload: Uint8Array, perm: number): Denial {
  const keyring = state.rings[id];
  if (keyring === null) return "EINVAL";
  const made = createOrUpdate(state, state.kernel, {
    keyring: { key: keyring, possessed: true },
    type: "asymmetric",
    description: null,
    payload,
    perm,
    kernel: true,
  });
  if (made.ok) {
    state.log.printk(`integrity: Loaded X.509 cert '${made.value.key.description}'`);
    return null;
  }
  if (id !== "machine" || !state.release.has("integrity-key-usage"))
    state.log.printk(`integrity: Problem loading X.509 certificate ${-ERRNO[made.errno]}`);
  return made.errno;
}

/** integrity_load_x509: a certificate file at boot; `content` is what reading it gave. */
export function loadX509(state: KeyState, id: "ima" | "evm", content: Result<Uint8Array>, path: string): Denial {
  if (!content.ok) {
    state.log.printk(`integrity: Unable to open file: ${path} (${-ERRNO[content.errno]})`);
    return content.errno;
  }
  state.log.printk(`integrity: Loading X.509 certificate: ${path}`);
  return addCertificate(state, id, content.value, CERTIFICATE);
}

/**
 * A certificate of the firmware: `UEFI:db` goes to .platform, `UEFI:MokListRT (MOKvar table)` and the like to .machine where that is built in.
 * What .machine refuses goes to .platform.
 */
export function loadFirmwareCertificate(
  state: KeyState,
  id: "platform" | "machine",
  der: Uint8Array,
  source: string,
): void {
  const { log, config } = state;
  const load = (into: "platform" | "machine"): Denial => {
    log.printk(`integrity: Loading X.509 certificate: ${source}`);
    return addCertificate(state, into, der, FIRMWARE_CERTIFICATE);
  };
  const target = id === "machine" && config.enabled("INTEGRITY_MACHINE_KEYRING") ? "machine" : "platform";
  let refused = load(target);
  if (refused !== null && target === "machine" && config.enabled("INTEGRITY_PLATFORM_KEYRING"))
    refused = load("platform");
  if (refused !== null) log.printk(`integrity: Error adding keys to ${target} keyring ${source}`);
}
