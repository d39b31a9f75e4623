// Why a signature does not verify: which key it names, where that was looked for, and why each key there was not it. Nothing is
// logged and nothing changes.
import { bytesToHex } from "@noble/hashes/utils.js";
import { KernelLog } from "../../audit/index.ts";
import { hashById } from "../../crypto/index.ts";
import type { Denial } from "../../errno/index.ts";
import { keyNameV1 } from "../../formats/index.ts";
import { idEndsIn } from "../asymmetric-match.ts";
import { integrityVerify, keyIdName } from "../integrity.ts";
import { type IntegrityKeyring, integrityKeyringName } from "../kernel-keyrings.ts";
import { type AsymmetricPayload, type Key, keyFault } from "../key.ts";
import { requestKey } from "../process-keyrings.ts";
import type { KeyState } from "../state.ts";
import type { KeySubject } from "../subject.ts";

/** A copy that can be asked without a trace: its log is thrown away, keyrings found on the way are not remembered. */
export const quiet = (state: KeyState): KeyState => ({
  ...state,
  log: new KernelLog(),
  rings: { ...state.rings },
  observer: null,
});

/** A key that was looked at, and why it is or is not the one. */
export interface KeyVerdict {
  readonly keyring: string;
  readonly description: string;
  readonly why: string;
  /** It is the key that the signature names, and can be used. */
  readonly wanted: boolean;
}

export interface VerificationDiagnosis {
  /** null: it verifies. */
  readonly errno: Denial;
  /** What is wrong, in a sentence. */
  readonly summary: string;
  /** How the key is called that the signature names; null where the header says nothing usable. */
  readonly keyWanted: string | null;
  /** Keyrings in the order in which they are searched, and the keys in them. */
  readonly searched: readonly { readonly keyring: string; readonly keys: readonly KeyVerdict[] }[];
  /** Keys that would do, in keyrings that are not searched. */
  readonly elsewhere: readonly KeyVerdict[];
}

/** The keys of a keyring and of those in it. */
export function* keysBelow(keyring: Key): Generator<Key> {
  for (const key of keyring.links ?? []) {
    if (key.links === null) yield key;
    else yield* keysBelow(key);
  }
}

function namedBy(payload: AsymmetricPayload, wanted: Uint8Array): "key identifier" | "issuer and serial number" | null {
  if (idEndsIn(payload.ids[1], wanted)) return "key identifier";
  return idEndsIn(payload.ids[0], wanted) ? "issuer and serial number" : null;
}

const FAULTS: Readonly<Record<string, string>> = {
  ENOKEY: "invalidated",
  EKEYREVOKED: "revoked",
  EKEYEXPIRED: "expired",
};

function judge(state: KeyState, keyring: Key, key: Key, wanted: Uint8Array | string): KeyVerdict {
  const verdict = (why: string, isWanted = false): KeyVerdict => ({
    keyring: keyring.description,
    description: key.description,
    why,
    wanted: isWanted,
  });
  const fault = keyFault(key, state.clock());
  if (fault !== null) return verdict(FAULTS[fault] ?? fault);
  if (typeof wanted === "string") {
    if (key.type.name !== "user")
      return verdict(`a version 1 signature needs a key of type user, this is of type ${key.type.name}`);
    return key.description === wanted ? verdict("has the name that is wanted", true) : verdict("has another name");
  }
  const payload = key.asymmetric;
  if (payload === null) return verdict(`not a certificate, but a key of type ${key.type.name}`);
  const by = namedBy(payload, wanted);
  if (by !== null) return verdict(`its ${by} ends in ${bytesToHex(wanted)}`, true);
  const reversed = wanted.slice().reverse();
  if (namedBy(payload, reversed) !== null)
    return verdict("the signature names it with the bytes of its identifier reversed");
  const id = payload.ids[1];
  return verdict(id === null ? "has no key identifier" : `its key identifier ends in ${bytesToHex(id.subarray(-4))}`);
}

/** `found`: the key that was asked, `hash`: what the header says. An RSA key shows which part does not fit, an ECDSA key does not. */
function summary(
  errno: Denial,
  { version, found, name, hash }: { version: number | undefined; found: Key | null; name: string; hash: string },
): string {
  if (errno === null) return `verified with '${found?.description ?? "?"}'`;
  const algorithm = found?.asymmetric?.publicKey.algorithm;
  const rsa = algorithm === "rsa";
  switch (errno) {
    case "EOPNOTSUPP":
      return `signature version ${version} is unknown, or signatures are not built in`;
    case "EBADMSG":
      if (found === null) return "the header does not fit the signature";
      if (algorithm === "ecrdsa")
        return "signature or digest of another length than the key's curve, or a malformed key";
      return rsa
        ? `signed by another key, or as another hash than the header says (${hash})`
        : "the signature is not DER of two numbers";
    case "ENOPKG":
      return "a hash or key algorithm that this kernel does not know";
    case "ENOKEY":
    case "EAGAIN":
      return `no usable key ${name} in the keyring`;
    case "EKEYREVOKED":
      return "the key, or one on the way to it, is revoked";
    case "EKEYEXPIRED":
      return "the key, or one on the way to it, has expired";
    case "EKEYREJECTED":
      if (found === null) return "the key is blacklisted";
      return rsa ? "signed over other data than this" : "signed by another key, or over other data than this";
    case "EINVAL":
      return found === null ? "too short to be a signature" : "the key cannot have made this signature";
    default:
      return `refused with ${errno}`;
  }
}

/** How the key is called that a signature (xattr type included) names: four bytes of identifier, or the name of a user key. */
function wantedKey(signature: Uint8Array): Uint8Array | string | null {
  if (signature[1] === 1 && signature.length >= 17) return keyNameV1(signature.subarray(8, 16));
  if ((signature[1] === 2 || signature[1] === 3) && signature.length > 9) return signature.subarray(3, 7);
  return null;
}

/** Follows integrityVerify and tells what it met. Arguments as there; `known`: what it answered, where it was asked just now. */
export function diagnoseVerification(
  state: KeyState,
  subject: KeySubject,
  id: IntegrityKeyring,
  signature: Uint8Array,
  digest: Uint8Array,
  known?: Denial,
): VerificationDiagnosis {
  const silent = quiet(state);
  const errno = known === undefined ? integrityVerify(silent, subject, id, signature, digest) : known;
  // _ima or _evm that was found only now is held by the copy alone.
  if (silent.rings[id] !== state.rings[id]) state.store.release(silent.rings[id]);
  const wanted = wantedKey(signature);
  const ringName = integrityKeyringName(state, id);
  const found = silent.rings[id] ?? requestKey(silent, subject, "keyring", ringName);
  const keyring = "ok" in found ? (found.ok ? found.value : null) : found;
  const order = [...(typeof wanted === "string" ? [] : [state.rings.imaBlacklist]), keyring].filter((k) => k !== null);
  const asked = new Map<KeyVerdict, Key>();
  const searched = order.map((ring) => ({
    keyring: ring.description,
    keys: Array.from(wanted === null ? [] : keysBelow(ring), (key) => {
      const verdict = judge(state, ring, key, wanted!);
      asked.set(verdict, key);
      return verdict;
    }),
  }));
  const elsewhere: KeyVerdict[] = [];
  if (wanted !== null)
    for (const ring of state.store.keys) {
      if (ring.links === null || order.includes(ring)) continue;
      for (const key of ring.links) {
        const verdict = key.links === null ? judge(state, ring, key, wanted) : null;
        if (verdict?.wanted) elsewhere.push(verdict);
      }
    }
  const blacklisted = order.length > 1 && searched[0]!.keys.some((key) => key.wanted);
  const last = searched.at(-1)?.keys.find((key) => key.wanted);
  const tried = blacklisted || last === undefined ? null : asked.get(last)!;
  const keyWanted =
    wanted === null
      ? null
      : typeof wanted === "string"
        ? wanted
        : keyIdName(new DataView(signature.buffer, signature.byteOffset).getUint32(3));
  const version = signature[1];
  const hash = version === 2 || version === 3 ? hashById(signature[2] ?? -1, state.release) : undefined;
  const text =
    keyring === null
      ? `there is no keyring ${ringName}`
      : summary(errno, { version, found: tried, name: keyWanted ?? "", hash: hash?.name ?? "" });
  return { errno, summary: text, keyWanted, searched, elsewhere };
}
