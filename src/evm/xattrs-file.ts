// The file <securityfs>/integrity/evm/evm_xattrs: adds names to the protected xattrs, until it is locked with a dot
// (security/integrity/evm/evm_secfs.c: evm_write_xattrs, evm_read_xattrs).
import { AUDIT_TYPE, type KernelLog, untrusted } from "../audit/index.ts";
import { ERRNO, type Errno, fail, ok, type Result } from "../errno/index.ts";
import type { Kconfig } from "../release/index.ts";
import { capable, type Subject } from "../vfs/index.ts";
import type { ProtectedXattrs } from "./protected-xattrs.ts";

/** XATTR_NAME_MAX */
const LONGEST = 255;
const utf8 = new TextEncoder();

export class EvmXattrsFile {
  readonly #names: ProtectedXattrs;
  readonly #log: KernelLog;
  readonly #lacksRecord: boolean;
  #locked = false;

  constructor(names: ProtectedXattrs, log: KernelLog, config: Kconfig) {
    this.#names = names;
    this.#log = log;
    // Where audit is built in, a write that can leave no record is refused.
    this.#lacksRecord = config.enabled("AUDIT") && !log.auditing;
  }

  /** The permission bits of the file. */
  get mode(): number {
    return this.#locked ? 0o440 : 0o660;
  }
  get locked(): boolean {
    return this.#locked;
  }

  /** What a read at this offset finds: the enabled names, one a line, and nothing but at the start. */
  read(position = 0): Uint8Array {
    if (position !== 0) return new Uint8Array();
    const enabled = this.#names.list.filter((x) => x.enabled);
    return utf8.encode(enabled.map((x) => `${x.name}\n`).join(""));
  }

  /** write(2): the number of bytes taken, or an errno. */
  write(task: Subject, data: Uint8Array, position = 0): Result<number> {
    if (!capable(task, "CAP_SYS_ADMIN") || this.#locked) return fail("EPERM");
    if (position !== 0) return fail("EINVAL");
    if (data.length > LONGEST) return fail("E2BIG");
    if (this.#lacksRecord) return fail("ENOMEM");
    const end = data.indexOf(0);
    const name = new TextDecoder().decode(end < 0 ? data : data.subarray(0, end)).replace(/\n$/, "");
    const denied = this.#take(name);
    this.#log.audit(
      AUDIT_TYPE.INTEGRITY_EVM_XATTR,
      `xattr=${untrusted(name)} res=${denied === null ? 0 : -ERRNO[denied]}`,
    );
    return denied === null ? ok(data.length) : fail(denied);
  }

  #take(name: string): Errno | null {
    if (name === ".") {
      this.#locked = true;
      return null;
    }
    const outcome = this.#names.add(name);
    return outcome === "not-security" ? "EINVAL" : outcome === "exists" ? "EEXIST" : null;
  }
}
