// Plays the key steps of a recording on a key service: add_key and keyctl, with the ids and the clock of the recording.
import { hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { KernelLog } from "../../src/audit/index.ts";
import type { Errno, Result } from "../../src/errno/index.ts";
import {
  type KeyId,
  KeyService,
  type KeySubject,
  listProcKeys,
  loadCompiledIn,
  loadX509,
  makeIntegrityKeyring,
  makeSystemKeyrings,
  ProcessKeyrings,
  SPECIAL_KEYRINGS,
} from "../../src/keyring/index.ts";
import { Kconfig, Release } from "../../src/release/index.ts";

export interface Trace {
  readonly name: string;
  readonly kernel: { readonly release: string; readonly config: readonly string[] };
  readonly boot: { readonly log: readonly string[] };
  readonly files?: Readonly<Record<string, { readonly hex?: string }>>;
  readonly disks?: Readonly<Record<string, { readonly files?: Readonly<Record<string, DiskFile>> }>>;
  readonly steps: readonly Step[];
  readonly results: readonly Outcome[];
}
export interface DiskFile {
  readonly hex?: string;
  readonly text?: string;
  readonly xattrs?: Readonly<Record<string, string>>;
}
export type Step = Readonly<Record<string, unknown>> & {
  readonly op: string;
  readonly as?: Readonly<Record<string, number>>;
};
export interface Outcome {
  readonly ret?: number;
  readonly errno?: string;
  readonly error?: string;
  readonly description?: string;
  readonly keys?: readonly string[];
  readonly data?: string;
  readonly hex?: string;
  readonly log?: readonly string[];
}

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);

function payload(step: Step): Uint8Array {
  if (typeof step.hex === "string") return hexToBytes(step.hex);
  return utf8ToBytes(text(step.text) ?? "");
}

/** A kernel's keys right after boot, and a process to act on them. */
export class KeyWorld {
  now = 1000;
  readonly log = new KernelLog();
  readonly service: KeyService;
  readonly keyrings = new ProcessKeyrings();
  readonly #handles = new Map<string, number>();

  constructor(trace: Trace, keys: { readonly module: Uint8Array; readonly compiledIn: readonly Uint8Array[] }) {
    const config = Kconfig.fromLines(trace.kernel.config);
    const release = Release.parse(trace.kernel.release);
    this.service = new KeyService({ release, config, log: this.log, clock: () => this.now });
    const { state } = this.service;
    makeSystemKeyrings(state, []);
    loadCompiledIn(state, keys.compiledIn);
    makeIntegrityKeyring(state, "ima", keys.module);
    makeIntegrityKeyring(state, "evm", null);
    for (const id of ["ima", "evm"] as const) {
      const path = config.text(`${id.toUpperCase()}_X509_PATH`);
      const file = path === undefined ? undefined : trace.files?.[path];
      if (file?.hex !== undefined) loadX509(state, id, { ok: true, value: hexToBytes(file.hex) }, path!);
    }
    this.service.getKeyringId(this.subject(), "@us", false);
  }

  subject(as: Readonly<Record<string, number>> = {}, keyrings = this.keyrings): KeySubject {
    const uid = as.uid ?? 0;
    const euid = as.euid ?? uid;
    const gid = as.gid ?? 0;
    const egid = as.egid ?? gid;
    return {
      cred: { uid, gid, fsuid: euid, fsgid: egid, groups: [], capabilities: { has: () => euid === 0 } },
      keyrings,
    };
  }

  /** As the recording driver resolves names: special keyrings, handles, numbers, then /proc/keys as opened before anything was done. */
  resolve(name: string): KeyId | null {
    if (name in SPECIAL_KEYRINGS) return name as keyof typeof SPECIAL_KEYRINGS;
    const handle = this.#handles.get(name);
    if (handle !== undefined) return handle;
    if (/^\d/.test(name)) return Number(name);
    const colon = name.indexOf(":");
    const type = colon >= 0 ? name.slice(0, colon) : "keyring";
    const description = colon >= 0 ? name.slice(colon + 1) : name;
    const keys = listProcKeys(this.service.state, this.subject({}, new ProcessKeyrings()));
    const found = keys.find(
      (key) => key.type === type && (key.text === description || key.text.startsWith(`${description}:`)),
    );
    return found?.serial ?? null;
  }

  save(step: Step, serial: Result<number>, field: "key" | "save"): void {
    const name = text(step[field]);
    if (name !== null && serial.ok) this.#handles.set(name, serial.value);
  }

  /** The outcome in the recording's words; undefined for a step of another kind. */
  play(step: Step): Outcome | undefined {
    if (step.op === "sleep") this.now += Number(step.ms) / 1000;
    if (step.op !== "addkey" && step.op !== "keyctl") return undefined;
    const before = this.log.lines.length;
    const outcome = step.op === "addkey" ? this.#addKey(step) : this.#keyctl(step);
    const log = this.log.lines.slice(before).map((line) => line.text);
    return log.length > 0 ? { ...outcome, log } : outcome;
  }

  #isKeyring(id: KeyId): boolean {
    return typeof id === "string" || id < 0 || (this.service.state.store.lookup(id)?.links ?? null) !== null;
  }

  #addKey(step: Step): Outcome {
    const keyring = this.resolve(String(step.keyring));
    if (keyring === null) return { error: "no such key or keyring" };
    const made = this.service.addKey(
      this.subject(step.as),
      String(step.type),
      text(step.description),
      payload(step),
      keyring,
    );
    this.save(step, made, "key");
    return made.ok ? { ret: 0 } : { errno: made.errno };
  }

  #keyctl(step: Step): Outcome {
    const { service } = this;
    const subject = this.subject(step.as);
    const done = (errno: Errno | null): Outcome => (errno === null ? { ret: 0 } : { errno });
    const valued = <T>(result: Result<T>, show: (value: T) => Outcome): Outcome =>
      result.ok ? show(result.value) : { errno: result.errno };
    if (step.cmd === "join") return valued(service.joinSession(subject, text(step.name)), () => ({ ret: 0 }));
    const key = this.resolve(String(step.key));
    const keyring = step.keyring === undefined ? null : this.resolve(String(step.keyring));
    if (key === null || (step.keyring !== undefined && keyring === null)) return { error: "no such key or keyring" };
    switch (step.cmd) {
      case "link":
        return done(service.link(subject, key, keyring!));
      case "unlink":
        return done(service.unlink(subject, key, keyring!));
      case "search": {
        const dest = step.dest === undefined ? null : this.resolve(String(step.dest));
        const found = service.search(subject, key, String(step.type), String(step.description), dest);
        this.save(step, found, "save");
        return valued(found, () => ({ ret: 0 }));
      }
      case "revoke":
        return done(service.revoke(subject, key));
      case "invalidate":
        return done(service.invalidate(subject, key));
      case "clear":
        return done(service.clear(subject, key));
      case "setperm":
        return done(service.setPermission(subject, key, Number(step.perm)));
      case "timeout":
        return done(service.setTimeout(subject, key, Number(step.seconds)));
      case "restrict":
        return done(service.restrict(subject, key, text(step.type), text(step.restriction)));
      case "update":
        return done(service.update(subject, key, payload(step)));
      case "describe":
        return valued(service.describe(subject, key), (description) => ({ ret: 0, description }));
      case "list": {
        // What is read is taken for serial numbers, also where it comes from a key of another type.
        const bytes = service.read(subject, key);
        if (!bytes.ok) return { errno: bytes.errno };
        const { length } = bytes.value;
        const padded = new Uint8Array(4 * Math.ceil(length / 4));
        padded.set(bytes.value);
        const keys = Array.from(new Int32Array(padded.buffer), (serial) => {
          const described = service.describe(subject, serial);
          return described.ok ? described.value : described.errno;
        });
        return { ret: Math.floor(length / 4), ...(keys.length > 0 && { keys }) };
      }
      case "read":
        return valued(service.read(subject, key), (bytes) => ({
          ret: bytes.length,
          // Serial numbers are another boot's.
          ...(!this.#isKeyring(key) && { data: new TextDecoder("latin1").decode(bytes) }),
        }));
      default:
        return { error: "unknown keyctl command" };
    }
  }
}
