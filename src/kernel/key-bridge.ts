// The keyrings of a kernel, as the boot fills them and as IMA, EVM and the module loader ask them.
import type { ImaKeys } from "../appraise/index.ts";
import { KernelLog } from "../audit/index.ts";
import type { Denial, Errno } from "../errno/index.ts";
import type { EvmKeys } from "../evm/index.ts";
import {
  type AppendedSignature,
  dropKeyrings,
  explainAppended,
  explainCertificate,
  explainSignature,
  forkKeyrings,
  integrityVerify,
  isHashBlacklisted,
  KeyService,
  type KeySubject,
  listProcKeys,
  loadCompiledIn,
  loadX509,
  makeIntegrityKeyring,
  makeSystemKeyrings,
  ProcessKeyrings,
  type ProcKey,
  readAppendedSignature,
  verifyModuleSignature,
} from "../keyring/index.ts";
import type { Kconfig, Release } from "../release/index.ts";
import type { Subject } from "../vfs/index.ts";
import type { Kernel } from "./kernel.ts";
import { kernelReadPath } from "./read-file.ts";

export interface KeyBridgeOptions {
  readonly release: Release;
  readonly config: Kconfig;
  readonly log: KernelLog;
  readonly clock: () => number;
  readonly random: () => number;
  readonly builtinKeys: readonly Uint8Array[];
  readonly moduleKey: Uint8Array | null;
  readonly moduleSignatureEnforced: boolean;
}

/** A key was added to a keyring or updated there. */
export type KeyChange = (task: Subject, keyring: string, payload: Uint8Array) => void;

/** As Debian names its kernels: 6.1.0-56-amd64. */
const DEBIAN = /^\d+\.\d+\.\d+-\d+-/;

const hasKeyrings = (task: Subject): task is Subject & KeySubject => "keyrings" in task;

export class KeyBridge {
  readonly service: KeyService;
  readonly imaKeys: ImaKeys;
  readonly evmKeys: EvmKeys;
  readonly moduleSignatureEnforced: boolean;
  readonly #options: KeyBridgeOptions;
  /** Changes before anybody listened: of keys that the kernel brings along. */
  #early: { task: Subject | null; keyring: string; payload: Uint8Array }[] = [];
  #listener: KeyChange | null = null;
  #bootTask: Subject | null = null;

  constructor(options: KeyBridgeOptions) {
    this.#options = options;
    this.moduleSignatureEnforced = options.moduleSignatureEnforced;
    this.service = new KeyService({
      release: options.release,
      config: options.config,
      log: options.log,
      clock: options.clock,
      random: (length) => Uint8Array.from({ length }, () => options.random() & 0xff),
      observer: (subject, keyring, key, payload) => {
        // Only asymmetric keys are measured.
        if (key.type.name === "asymmetric") this.#changed(subject, keyring.description, payload);
      },
    });
    const { state } = this.service;
    const subjectOf = (task: Subject): KeySubject => (hasKeyrings(task) ? task : state.kernel);
    this.imaKeys = {
      verifySignature: (task, keyring, xattr, digest) =>
        integrityVerify(state, subjectOf(task), keyring, xattr, digest),
      explainSignature: (task, keyring, xattr, digest, errno) =>
        explainSignature(state, subjectOf(task), keyring, xattr, digest, errno),
      readModsig: (func, file) => readAppendedSignature(state, func, file),
      verifyModsig: (task, keyring, modsig) => (modsig as AppendedSignature).verify(state, subjectOf(task), keyring),
      explainModsig: (keyring, modsig, errno) => explainAppended(state, keyring, modsig as AppendedSignature, errno),
      isBlacklisted: (digest) => isHashBlacklisted(state, "bin", digest),
    };
    this.evmKeys = {
      requestEvmKey: (task) => this.service.requestSecret(subjectOf(task), "evm-key"),
      verifySignature: (task, signature, digest): Denial =>
        integrityVerify(state, subjectOf(task), "evm", signature, digest),
      // A copy, so that nothing is logged and no keyring is found for good.
      signatureFits: (task, signature, digest) =>
        integrityVerify(
          { ...state, rings: { ...state.rings }, log: new KernelLog() },
          subjectOf(task),
          "evm",
          signature,
          digest,
        ) === null,
      explainSignature: (task, signature, digest, errno) =>
        explainSignature(state, subjectOf(task), "evm", signature, digest, errno),
    };
  }

  #changed(subject: KeySubject, keyring: string, payload: Uint8Array): void {
    const task = "pid" in subject ? (subject as unknown as Subject) : this.#bootTask;
    if (this.#listener === null || task === null) this.#early.push({ task, keyring, payload: payload.slice() });
    else this.#listener(task, keyring, payload);
  }

  /** From now on `listener` hears of changes; it is told those that were before. `bootTask` stands for the kernel itself. */
  onKeyChange(bootTask: Subject, listener: KeyChange): void {
    this.#bootTask = bootTask;
    this.#listener = listener;
    for (const { task, keyring, payload } of this.#early) listener(task ?? bootTask, keyring, payload);
    this.#early = [];
  }

  makeSystemKeyrings(): void {
    const { builtinKeys } = this.#options;
    makeSystemKeyrings(this.service.state, []);
    loadCompiledIn(this.service.state, builtinKeys);
  }
  makeImaKeyring(): void {
    makeIntegrityKeyring(this.service.state, "ima", this.#options.moduleKey);
  }
  makeEvmKeyring(): void {
    makeIntegrityKeyring(this.service.state, "evm", null);
  }

  /** integrity_load_keys: before the first program runs, with appraisal out of the way (security/integrity/iint.c; ima_init.c: ima_load_x509). */
  loadCertificates(kernel: Kernel): void {
    const { config } = this.#options;
    const { ima, evm } = kernel;
    const read = (id: "ima" | "evm", symbol: string): Denial => {
      const path = config.text(symbol) ?? "";
      const content = kernelReadPath(kernel.vfs, kernel.initProcess, kernel.vfs.root, path, "x509-certificate");
      return loadX509(this.service.state, id, content, path);
    };
    const evmToo = () => {
      if (evm !== null && config.enabled("EVM_LOAD_X509") && read("evm", "EVM_X509_PATH") === null)
        evm.certificateLoaded();
    };
    if (!config.enabled("IMA_LOAD_X509")) return evmToo();
    if (ima !== null) ima.appraisalSuspended = true;
    read("ima", "IMA_X509_PATH");
    evmToo();
    if (ima !== null) ima.appraisalSuspended = false;
  }

  /** Keyrings for a new process; of its parent's, where it has one. */
  newProcess(parent: ProcessKeyrings | null): ProcessKeyrings {
    const keyrings = new ProcessKeyrings();
    if (parent !== null) forkKeyrings(this.service.state, parent, keyrings);
    return keyrings;
  }
  endProcess(keyrings: ProcessKeyrings): void {
    dropKeyrings(this.service.state, keyrings, true);
  }
  newProgram(keyrings: ProcessKeyrings): void {
    dropKeyrings(this.service.state, keyrings, false);
  }

  /** What the task finds in /proc/keys. */
  listKeys(task: Subject): readonly ProcKey[] {
    return hasKeyrings(task) ? listProcKeys(this.service.state, task) : [];
  }
  procKeys(task: Subject): string {
    return this.listKeys(task)
      .map((key) => `${key.line}\n`)
      .join("");
  }

  /** Whether a serial number, or that of a special keyring, is a keyring's. */
  isKeyring(id: number): boolean {
    return id < 0 || (this.service.state.store.lookup(id)?.links ?? null) !== null;
  }

  /** Why a keyring refused a certificate with `errno` just now, in words any time later; undefined where the certificate was not the reason. */
  explainCertificate(keyring: number, certificate: Uint8Array, errno: Errno): (() => string) | undefined {
    return explainCertificate(this.service.state, keyring, certificate, errno);
  }

  verifyModule(file: Uint8Array): ReturnType<typeof verifyModuleSignature> {
    return verifyModuleSignature(this.service.state, file, { debian: DEBIAN.test(this.#options.release.text) });
  }
}
