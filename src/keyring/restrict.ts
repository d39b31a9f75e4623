// Who may be linked into a restricted keyring (crypto/asymmetric_keys/restrict.c, certs/system_keyring.c, certs/blacklist.c:
// restrict_link_for_blacklist).
import { type Denial, fail, ok, type Result } from "../errno/index.ts";
import { findAsymmetricKey, idEndsIn, sameId } from "./asymmetric-match.ts";
import { type AsymmetricIds, type Key, type KeyPayload, keyFault } from "./key.ts";
import type { KeyType } from "./key-type.ts";
import type { KeyState } from "./state.ts";

/** A key that wants to be in a keyring. */
export interface Candidate {
  readonly type: KeyType;
  readonly payload: KeyPayload;
  /** The key itself, where there is one already. */
  readonly key: Key | null;
}

export interface Restriction {
  /** What it asks, for a person. */
  readonly name: string;
  readonly check: (state: KeyState, keyring: Key, candidate: Candidate) => Denial;
  /** A key or keyring that vouches, held by the restriction. */
  readonly key: Key | null;
  /** The keyring of the kernel whose keys vouch, where it is one. */
  readonly trusted?: (state: KeyState) => Key | null;
  /** Certificates must be for digital signatures, and for nothing of a CA. */
  readonly digsig?: boolean;
}

/** Everything is refused. */
export const rejectAll: Restriction = { name: "nothing", check: () => "EPERM", key: null };

/** Only entries of the hash blacklist. */
export const onlyBlacklist: Restriction = {
  name: "blacklist entries",
  check: (_state, _keyring, { type }) => (type.name === "blacklist" ? null : "EOPNOTSUPP"),
  key: null,
};

type Trust = (state: KeyState) => Key | null;
const builtin: Trust = ({ rings }) => rings.builtin;
/** The secondary keyring holds the builtin one, and the machine keyring where it is trusted. */
const secondary: Trust = ({ rings, config }) =>
  config.enabled("SECONDARY_TRUSTED_KEYRING") ? rings.secondary : rings.builtin;

/** restrict_link_by_signature: a key in the trusted keyring must have signed the candidate. */
function signedBy(state: KeyState, keyring: Key, { type, payload }: Candidate, trusted: Key | null): Denial {
  if (trusted === null) return "ENOKEY";
  if (type.name !== "asymmetric" || payload.kind !== "asymmetric") return "EOPNOTSUPP";
  const { vouched } = payload;
  if (vouched === null) return "ENOPKG";
  const { authority, signature } = vouched;
  if (authority.every((id) => id === null)) return "ENOKEY";
  const { id: ca, builtin: onlyBuiltin } = state.caKeys;
  if (ca !== null && !idEndsIn(authority[1], ca)) return "EPERM";
  const signer = findAsymmetricKey(state, trusted, authority);
  if (!signer.ok) return "ENOKEY";
  const builtinWanted =
    onlyBuiltin ||
    (state.config.enabled("SECONDARY_TRUSTED_KEYRING_SIGNED_BY_BUILTIN") && keyring === state.rings.secondary);
  if (builtinWanted && !signer.value.builtin) return "ENOKEY";
  return state.signatures.verify(signer.value.asymmetric!.publicKey, signature);
}

/** restrict_link_by_digsig: besides, the certificate must be for signatures and for nothing of a CA. */
function digsigSignedBy(state: KeyState, keyring: Key, candidate: Candidate, trusted: Key | null): Denial {
  const { type, payload } = candidate;
  if (type.name !== "asymmetric" || payload.kind !== "asymmetric") return "EOPNOTSUPP";
  if (!payload.digitalSignature || payload.ca || payload.keyCertSign) return "ENOKEY";
  return signedBy(state, keyring, candidate, trusted);
}

/** The kernel's own keyrings may be linked into the secondary keyring. */
const isKernelKeyring = ({ rings }: KeyState, keyring: Key, { key }: Candidate): boolean =>
  keyring === rings.secondary && key !== null && (key === rings.builtin || key === rings.machine);

const bySignature = (name: string, trusted: Trust, digsig: boolean): Restriction => ({
  name,
  key: null,
  trusted,
  digsig,
  check(state, keyring, candidate) {
    if (trusted === secondary && isKernelKeyring(state, keyring, candidate)) return null;
    return (digsig ? digsigSignedBy : signedBy)(state, keyring, candidate, trusted(state));
  },
});
export const byBuiltin: Restriction = bySignature("signed by a builtin key", builtin, false);
export const bySecondary: Restriction = bySignature("signed by a builtin or secondary key", secondary, false);
export const digsigByBuiltin: Restriction = bySignature(
  "for digital signatures, signed by a builtin key",
  builtin,
  true,
);
export const digsigBySecondary: Restriction = bySignature(
  "for digital signatures, signed by a builtin or secondary key",
  secondary,
  true,
);

/** restrict_link_by_ca: certificates of a CA that may sign certificates, with _MAX nothing else. */
export const onlyCa: Restriction = {
  name: "a CA",
  check({ config }, _keyring, { type, payload }) {
    if (type.name !== "asymmetric" || payload.kind !== "asymmetric") return "EOPNOTSUPP";
    if (!payload.ca || !payload.keyCertSign) return "ENOKEY";
    return config.enabled("INTEGRITY_CA_MACHINE_KEYRING_MAX") && payload.digitalSignature ? "ENOKEY" : null;
  },
  key: null,
};

/** Whether `key` is the one that `authority` names. */
function isAuthority({ asymmetric }: Key, [id, keyId, name]: AsymmetricIds): boolean {
  if (asymmetric === null) return false;
  const { ids } = asymmetric;
  const either = (wanted: Uint8Array): boolean => sameId(ids[0], wanted) || sameId(ids[1], wanted);
  if (id === null && keyId === null) return sameId(ids[2], name);
  if (id === null || keyId === null) return either((id ?? keyId)!);
  return sameId(ids[1], keyId) && either(id);
}

/** restrict_link_by_key_or_keyring: a given key, one in a given keyring, or (chain) one already there must have signed the candidate. */
function byKeyOrKeyring(trusted: Key | null, chain: boolean): Restriction {
  return {
    name: chain ? "signed by a given key or one already there" : "signed by a given key",
    key: trusted,
    check(state, keyring, { type, payload }) {
      if (type.name !== "asymmetric" || payload.kind !== "asymmetric") return "EOPNOTSUPP";
      if (payload.vouched === null) return "ENOPKG";
      const { authority, signature } = payload.vouched;
      let signer: Key | null = null;
      if (trusted !== null && trusted.links !== null) {
        const found = findAsymmetricKey(state, trusted, authority);
        signer = found.ok ? found.value : null;
      } else if (trusted !== null) {
        if (trusted.type !== type) return "EOPNOTSUPP";
        if (isAuthority(trusted, authority)) signer = trusted;
      }
      if (signer === null && chain) {
        const found = findAsymmetricKey(state, keyring, authority);
        signer = found.ok ? found.value : null;
      }
      if (signer === null) return "ENOKEY";
      return keyFault(signer, state.clock()) ?? state.signatures.verify(signer.asymmetric!.publicKey, signature);
    },
  };
}

/** A number as kstrtos32 with base 0 reads it. */
function serialNumber(text: string): number | null {
  const m = /^([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)\n?$/.exec(text);
  if (m === null) return null;
  const digits = m[2]!;
  const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  const signed = m[1] === "-" ? -value : value;
  return signed >= -(2 ** 31) && signed < 2 ** 31 ? signed : null;
}

/** asymmetric_lookup_restriction. @returns EINVAL for an unknown text, ENOKEY for a serial number of no key. */
export function asymmetricRestriction(state: KeyState, text: string): Result<Restriction> {
  if (text === "builtin_trusted") return ok(byBuiltin);
  if (text === "builtin_and_secondary_trusted") return ok(bySecondary);
  const [method, serialText, mode, ...more] = text.split(":");
  const chain = mode === "chain" && more.length === 0;
  if (method !== "key_or_keyring" || serialText === undefined || (mode !== undefined && !chain)) return fail("EINVAL");
  const serial = serialNumber(serialText);
  if (serial === null) return fail("EINVAL");
  if (serial === 0 && chain) return ok(byKeyOrKeyring(null, true));
  const key = state.store.lookup(serial);
  return key === undefined ? fail("ENOKEY") : ok(byKeyOrKeyring(state.store.hold(key), chain));
}
