// A machine with a file system and EVM, but without IMA: enough for everything that EVM does on its own.
import { IntegrityAudit, KernelLog } from "../../src/audit/index.ts";
import { type Denial, fail, ok, type Result } from "../../src/errno/index.ts";
import { Evm, type EvmEvent, type EvmKeys, type EvmOptions } from "../../src/evm/index.ts";
import { Kconfig, Release } from "../../src/release/index.ts";
import {
  Disk,
  type DiskFile,
  hasIversion,
  metadataInode,
  mkdir,
  mount,
  O,
  type OpenFile,
  open,
  type Path,
  queryIversion,
  readXattr,
  removeXattrNoPerm,
  resolve,
  type SecurityModule,
  type Subject,
  setXattrNoPerm,
  Vfs,
} from "../../src/vfs/index.ts";
import { task } from "./stand-in.ts";

export interface MachineOptions {
  readonly release?: string;
  readonly config?: Kconfig;
  readonly parameters?: readonly string[];
  /** Modules before EVM. */
  readonly modules?: readonly SecurityModule[];
  readonly keys?: Partial<EvmKeys>;
  readonly imaInodeState?: EvmOptions["imaInodeState"];
  readonly hashAvailable?: EvmOptions["hashAvailable"];
}

export class Machine {
  readonly vfs: Vfs;
  readonly evm: Evm;
  readonly log = new KernelLog();
  readonly root: Subject = task();
  /** What `evm-key` decrypts to. */
  key: Uint8Array | null = null;
  readonly events: EvmEvent[] = [];
  #time = 0;
  #random = 1;

  constructor(options: MachineOptions = {}) {
    const release = Release.parse(options.release ?? "6.12");
    this.evm = new Evm({
      release,
      config: options.config ?? Kconfig.withDefaults(),
      log: this.log,
      audit: new IntegrityAudit(this.log, release, { informational: false, enabled: true }),
      keys: {
        requestEvmKey: () => (this.key ? ok(this.key) : fail("ENOKEY")),
        verifySignature: () => "ENOKEY",
        ...options.keys,
      },
      files: {
        readXattr,
        setXattr: (as, path, name, value) => setXattrNoPerm(this.vfs, as, path, name, value, 0),
        removeXattr: (as, path, name) => removeXattrNoPerm(this.vfs, as, path, name),
        metadataInode,
        hasIversion,
        queryIversion,
        peekIversion: (inode) => inode.iversion.peek(),
      },
      ...(options.hashAvailable && { hashAvailable: options.hashAvailable }),
      ...(options.imaInodeState && { imaInodeState: options.imaInodeState }),
      observer: (event) => this.events.push(event),
    });
    for (const value of options.parameters ?? []) this.evm.bootParameter(value);
    this.evm.start();
    this.vfs = new Vfs({
      clock: () => this.#time++,
      random: () => (this.#random = (this.#random * 48271) % 0x7fff_ffff),
      release,
      modules: [...(options.modules ?? []), this.evm.asSecurityModule()],
    });
  }

  /** Mounts a disk of these files, as `ubdc`. */
  mountDisk(at: string, fstype: string, uuid: Uint8Array, files: readonly DiskFile[]): void {
    this.require(mkdir(this.vfs, this.root, this.vfs.root, at, 0o755));
    const device = new Disk({ fstype, uuid, id: "ubdc", dev: { major: 98, minor: 32 }, files });
    this.require(mount(this.vfs, this.root, this.vfs.root, { device, path: at, fstype }));
  }

  /** Switches HMAC mode on. */
  loadKey(key: Uint8Array): void {
    this.key = Uint8Array.from(key);
    const written = this.evm.setup.write(this.root, Uint8Array.of(0x31));
    this.require(written.ok ? null : written.errno);
  }

  path(text: string): Path {
    return this.value(resolve(this.vfs, this.root, this.vfs.root, text, { follow: false }));
  }

  open(text: string, flags: number): OpenFile {
    return this.value(open(this.vfs, this.root, this.vfs.root, text, flags | O.CLOEXEC, 0o644));
  }

  /** What appraisal of security.ima would hear. */
  verify(text: string): string {
    const path = this.path(text);
    const inode = path.dentry.inode!;
    const ima = readXattr(path, inode, "security.ima");
    return this.evm.verifyXattr(this.root, { path, inode }, "security.ima", ima.ok ? ima.value : new Uint8Array());
  }

  xattr(text: string, name: string): Uint8Array | null {
    const path = this.path(text);
    const found = readXattr(path, path.dentry.inode!, name);
    return found.ok ? found.value : null;
  }

  lines(): string[] {
    return this.log.lines.map((l) => l.text);
  }

  value<T>(result: Result<T>): T {
    if (!result.ok) throw new Error(result.errno);
    return result.value;
  }
  require(denied: Denial): void {
    if (denied !== null) throw new Error(denied);
  }
}
