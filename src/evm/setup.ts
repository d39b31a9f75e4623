// The file <securityfs>/integrity/evm/evm: a state machine of bits that user space adds to until setup is complete
// (security/integrity/evm/evm_secfs.c: evm_write_key, evm_read_key; evm_crypto.c: evm_init_key, evm_set_key).
import type { KernelLog } from "../audit/index.ts";
import { type Denial, fail, ok, type Result } from "../errno/index.ts";
import type { Release } from "../release/index.ts";
import { capable, type Subject } from "../vfs/index.ts";
import type { EvmKeys } from "./environment.ts";
import { kstrtouint } from "./kstrtouint.ts";
import { EVM_KEY_BUFFER, hmacKey } from "./preimage.ts";

/** The bits of the file, and the release from which user space may write them. */
export const EVM_BITS = {
  /** A symmetric key is loaded: HMACs are made and verified. */
  HMAC: { bit: 0x1, since: "4.4" },
  /** Signatures are verified. */
  X509: { bit: 0x2, since: "4.15" },
  /** Changes of protected metadata are not refused. */
  METADATA_WRITES: { bit: 0x4, since: "4.16" },
  /** Signatures must be of version 3. */
  SIGV3_REQUIRED: { bit: 0x8, since: "7.1" },
  /** Nothing can be written any more. */
  SETUP_COMPLETE: { bit: 0x8000_0000, since: "4.15" },
} as const;

const { HMAC, X509, METADATA_WRITES, SIGV3_REQUIRED, SETUP_COMPLETE } = EVM_BITS;
const ascii = new TextEncoder();

export class EvmSetup {
  readonly #release: Release;
  readonly #log: KernelLog;
  readonly #keys: EvmKeys;
  readonly #writable: number;
  #bits = 0;
  #hmacKey: Uint8Array | null = null;

  constructor(release: Release, log: KernelLog, keys: EvmKeys) {
    this.#release = release;
    this.#log = log;
    this.#keys = keys;
    let writable = 0;
    for (const { bit, since } of Object.values(EVM_BITS)) if (release.atLeast(since)) writable |= bit;
    this.#writable = writable >>> 0;
  }

  /** The permission bits of the file. */
  readonly mode = 0o660;

  /** What a read at this offset finds: the bits in decimal without the highest, and nothing but at the start. */
  read(position = 0): Uint8Array {
    return position === 0 ? ascii.encode(String(this.#bits & ~SETUP_COMPLETE.bit)) : new Uint8Array();
  }

  /** write(2): the number of bytes taken, or an errno; a refused write changes nothing. The offset does not matter. */
  write(task: Subject, data: Uint8Array): Result<number> {
    if (!capable(task, "CAP_SYS_ADMIN") || this.setupComplete) return fail("EPERM");
    const number = kstrtouint(data);
    if (!number.ok) return number;
    const asked = number.value;
    if (asked === 0 || (asked & ~this.#writable) !== 0) return fail("EINVAL");
    if ((asked & METADATA_WRITES.bit) !== 0 && this.#refusesMetadataWrites()) return fail("EPERM");
    let added = asked;
    if ((asked & HMAC.bit) !== 0) {
      const denied = this.#loadKey(task);
      if (denied !== null) return fail(denied);
      added |= SETUP_COMPLETE.bit;
    }
    this.#bits = (this.#bits | added) >>> 0;
    if (this.hmacOn) this.#bits = (this.#bits & ~METADATA_WRITES.bit) >>> 0;
    return ok(data.length);
  }

  #refusesMetadataWrites(): boolean {
    return this.#release.has("evm-portable-metadata") ? this.hmacOn : this.keyLoaded && !this.metadataWrites;
  }

  #loadKey(task: Subject): Denial {
    const key = this.#keys.requestEvmKey(task);
    if (!key.ok) return "ENOENT";
    const denied = this.setKey(key.value);
    key.value.fill(0);
    return denied;
  }

  /**
   * evm_set_key: what a driver for crypto hardware calls, and what writing 1 leads to. Sets HMAC mode; does not complete setup.
   * EBUSY when a key is there, EINVAL when it is longer than 128 bytes.
   */
  setKey(key: Uint8Array): Denial {
    const denied = this.#hmacKey !== null ? "EBUSY" : key.length > EVM_KEY_BUFFER ? "EINVAL" : null;
    if (denied !== null) {
      this.#log.printk("evm: key initialization failed");
      return denied;
    }
    this.#hmacKey = hmacKey(key);
    this.#bits |= HMAC.bit;
    this.#log.printk("evm: key initialized");
    return null;
  }

  /** evm_load_x509: a certificate was put on the EVM keyring at boot. */
  certificateLoaded(): void {
    this.#bits |= X509.bit;
  }

  /** The key of the HMAC proper, null before one is loaded. */
  get hmacKey(): Uint8Array | null {
    return this.#hmacKey;
  }
  get hmacOn(): boolean {
    return (this.#bits & HMAC.bit) !== 0;
  }
  get x509On(): boolean {
    return (this.#bits & X509.bit) !== 0;
  }
  get metadataWrites(): boolean {
    return (this.#bits & METADATA_WRITES.bit) !== 0;
  }
  get sigv3Required(): boolean {
    return (this.#bits & SIGV3_REQUIRED.bit) !== 0;
  }
  get setupComplete(): boolean {
    return (this.#bits & SETUP_COMPLETE.bit) !== 0;
  }
  /** evm_key_loaded: EVM has something to verify with. */
  get keyLoaded(): boolean {
    return (this.#bits & (HMAC.bit | X509.bit)) !== 0;
  }
  /** evm_hmac_disabled: no HMAC will ever be made, so missing ones can be overlooked. */
  get hmacDisabled(): boolean {
    return this.#release.has("evm-portable-metadata") && !this.hmacOn && this.setupComplete;
  }
}
