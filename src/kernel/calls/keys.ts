// add_key(2) and keyctl(2), by serial numbers; negative ones are the special keyrings of the process (security/keys/keyctl.c).
import type { Denial, Result } from "../../errno/index.ts";
import type { Caller } from "./caller.ts";

export const KEY_CALLS = {
  /** @param payload null: none. @returns the serial number */
  addKey(this: Caller, type: string, description: string, payload: Uint8Array | null, keyring: number): Result<number> {
    const { process } = this;
    const { service } = this.kernel.keyBridge;
    return service.addKey(process, type, description, payload ?? new Uint8Array(), keyring);
  },
  requestKey(this: Caller, type: string, description: string): Result<number> {
    const { process } = this;
    const { service } = this.kernel.keyBridge;
    return service.request(process, type, description);
  },
  /** @param keyring to link what is found into; 0: none */
  searchKeyring(this: Caller, within: number, type: string, description: string, keyring: number): Result<number> {
    const { process } = this;
    const { service } = this.kernel.keyBridge;
    return service.search(process, within, type, description, keyring === 0 ? null : keyring);
  },
  joinSession(this: Caller, name: string | null): Result<number> {
    const { process } = this;
    const { service } = this.kernel.keyBridge;
    return service.joinSession(process, name);
  },
  updateKey(this: Caller, key: number, payload: Uint8Array): Denial {
    const { process } = this;
    const { service } = this.kernel.keyBridge;
    return service.update(process, key, payload);
  },
  revokeKey(this: Caller, key: number): Denial {
    const { process } = this;
    const { service } = this.kernel.keyBridge;
    return service.revoke(process, key);
  },
  invalidateKey(this: Caller, key: number): Denial {
    const { process } = this;
    const { service } = this.kernel.keyBridge;
    return service.invalidate(process, key);
  },
  clearKeyring(this: Caller, keyring: number): Denial {
    const { process } = this;
    const { service } = this.kernel.keyBridge;
    return service.clear(process, keyring);
  },
  linkKey(this: Caller, key: number, keyring: number): Denial {
    const { process } = this;
    const { service } = this.kernel.keyBridge;
    return service.link(process, key, keyring);
  },
  unlinkKey(this: Caller, key: number, keyring: number): Denial {
    const { process } = this;
    const { service } = this.kernel.keyBridge;
    return service.unlink(process, key, keyring);
  },
  /** `type;uid;gid;perm;description` */
  describeKey(this: Caller, key: number): Result<string> {
    const { process } = this;
    const { service } = this.kernel.keyBridge;
    return service.describe(process, key);
  },
  readKey(this: Caller, key: number): Result<Uint8Array> {
    const { process } = this;
    const { service } = this.kernel.keyBridge;
    return service.read(process, key);
  },
  setKeyPermissions(this: Caller, key: number, permissions: number): Denial {
    const { process } = this;
    const { service } = this.kernel.keyBridge;
    return service.setPermission(process, key, permissions);
  },
  setKeyTimeout(this: Caller, key: number, seconds: number): Denial {
    const { process } = this;
    const { service } = this.kernel.keyBridge;
    return service.setTimeout(process, key, seconds);
  },
  restrictKeyring(this: Caller, keyring: number, type: string | null, restriction: string | null): Denial {
    const { process } = this;
    const { service } = this.kernel.keyBridge;
    return service.restrict(process, keyring, type, restriction);
  },
};
