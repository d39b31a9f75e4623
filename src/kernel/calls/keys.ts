// add_key(2) and keyctl(2), by serial numbers; negative ones are the special keyrings of the process (security/keys/keyctl.c).
import type { Denial, Result } from "../../errno/index.ts";
import type { Kernel } from "../kernel.ts";
import type { Process } from "../process.ts";

export function keyCalls(kernel: Kernel, process: Process) {
  const { service } = kernel.keyBridge;
  return {
    /** @param payload null: none. @returns the serial number */
    addKey: (type: string, description: string, payload: Uint8Array | null, keyring: number): Result<number> =>
      service.addKey(process, type, description, payload ?? new Uint8Array(), keyring),
    requestKey: (type: string, description: string): Result<number> => service.request(process, type, description),
    /** @param keyring to link what is found into; 0: none */
    searchKeyring: (within: number, type: string, description: string, keyring: number): Result<number> =>
      service.search(process, within, type, description, keyring === 0 ? null : keyring),
    joinSession: (name: string | null): Result<number> => service.joinSession(process, name),
    updateKey: (key: number, payload: Uint8Array): Denial => service.update(process, key, payload),
    revokeKey: (key: number): Denial => service.revoke(process, key),
    invalidateKey: (key: number): Denial => service.invalidate(process, key),
    clearKeyring: (keyring: number): Denial => service.clear(process, keyring),
    linkKey: (key: number, keyring: number): Denial => service.link(process, key, keyring),
    unlinkKey: (key: number, keyring: number): Denial => service.unlink(process, key, keyring),
    /** `type;uid;gid;perm;description` */
    describeKey: (key: number): Result<string> => service.describe(process, key),
    readKey: (key: number): Result<Uint8Array> => service.read(process, key),
    setKeyPermissions: (key: number, permissions: number): Denial => service.setPermission(process, key, permissions),
    setKeyTimeout: (key: number, seconds: number): Denial => service.setTimeout(process, key, seconds),
    restrictKeyring: (keyring: number, type: string | null, restriction: string | null): Denial =>
      service.restrict(process, keyring, type, restriction),
  };
}
