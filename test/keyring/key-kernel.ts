// A kernel's key service for unit tests: the test CA compiled in, all keyrings of the configuration made.
import { KernelLog } from "../../src/audit/index.ts";
import {
  KeyService,
  type KeyServiceOptions,
  type KeyState,
  type KeySubject,
  loadCompiledIn,
  makeIntegrityKeyring,
  makeSystemKeyrings,
  ProcessKeyrings,
} from "../../src/keyring/index.ts";
import { Kconfig, type KconfigValues, Release } from "../../src/release/index.ts";
import { pem } from "./test-keys.node.ts";

export interface TestKernel {
  readonly service: KeyService;
  readonly state: KeyState;
  readonly root: KeySubject;
  /** The lines of the log since the last call. */
  readonly printed: () => string[];
  readonly now: { seconds: number };
}

export interface TestKernelOptions extends Partial<Pick<KeyServiceOptions, "caKeys" | "trust" | "observer">> {
  readonly release?: string;
  readonly config?: KconfigValues;
  readonly compiledIn?: readonly Uint8Array[];
  readonly moduleKey?: Uint8Array | null;
}

/** A process without keyrings of its own. */
export function newSubject(uid = 0): KeySubject {
  const ids = { uid, gid: uid, fsuid: uid, fsgid: uid };
  return {
    cred: { ...ids, groups: [], capabilities: { has: () => uid === 0 } },
    keyrings: new ProcessKeyrings(),
  };
}

export function testKernel(options: TestKernelOptions = {}): TestKernel {
  const { release = "6.12", config = {}, compiledIn = [pem("ca.pem")], moduleKey = null, ...others } = options;
  const log = new KernelLog();
  const now = { seconds: 1000 };
  const service = new KeyService({
    release: Release.parse(release),
    config: Kconfig.withDefaults(config),
    log,
    clock: () => now.seconds,
    ...others,
  });
  const { state } = service;
  makeSystemKeyrings(state, []);
  loadCompiledIn(state, compiledIn);
  makeIntegrityKeyring(state, "ima", moduleKey);
  makeIntegrityKeyring(state, "evm", null);
  let seen = log.lines.length;
  const printed = (): string[] => {
    const lines = log.lines.slice(seen).map(({ text }) => text);
    seen = log.lines.length;
    return lines;
  };
  return { service, state, root: newSubject(), printed, now };
}
