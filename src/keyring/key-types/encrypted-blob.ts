// Encrypted keys (security/keys/encrypted-keys/encrypted.c): what may stand in a payload, and the blob that a read gives:
// `FORMAT MASTER LENGTH HEX`, HEX being IV, a zero byte, AES-256-CBC ciphertext, and an HMAC over all of it.
import { cbc } from "@noble/ciphers/aes.js";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { digest, hmac } from "../../crypto/index.ts";
import { type Errno, fail, ok, type Result } from "../../errno/index.ts";

const FORMATS = ["default", "ecryptfs", "enc32"] as const;
type Format = (typeof FORMATS)[number];
/** Lengths that formats other than default demand. */
const FORMAT_LENGTH: { readonly [format in Format]?: number } = { ecryptfs: 64, enc32: 32 };
const MIN_LENGTH = 20;
const MAX_LENGTH = 4096;
const BLOCK = 16;
const HASH = 32;

/** An encrypted key in memory: encrypted_key_payload. */
export interface EncryptedBlob {
  readonly format: Format;
  /** `user:NAME` or `trusted:NAME`. */
  readonly master: string;
  /** As it was given: decimal digits. */
  readonly length: string;
  readonly iv: Uint8Array;
  /** The key itself; EVM overwrites it once it has it. */
  readonly secret: Uint8Array;
}

export interface BlobRequest {
  readonly command: "new" | "load" | "update";
  readonly format: Format | null;
  readonly master: string;
  /** Not with `update`. */
  readonly length: string | null;
  /** `new`: the secret in hex, where given; `load`: the blob. */
  readonly hex: string | null;
}

/** What the kernel says of a payload, and its errno. */
export interface BlobFault {
  readonly errno: Errno;
  readonly message: string;
}
const refuse = (message: string): BlobFault => ({ errno: "EINVAL", message });
export const isFault = (value: object): value is BlobFault => "errno" in value && "message" in value;

const MASTER = /^(?:trusted|user):./s;
/** The prefix that an update must keep. */
export const masterKind = (master: string): string => master.slice(0, master.indexOf(":"));

/** datablob_parse. `instantiate`: the key is new, so `update` is out of place; else the other commands are. */
export function parseBlobRequest(payload: Uint8Array, instantiate: boolean): BlobRequest | BlobFault {
  const end = payload.indexOf(0);
  const text = new TextDecoder("latin1").decode(end < 0 ? payload : payload.subarray(0, end));
  const words = text.split(/[ \t]/);
  const command = words.shift()!;
  const first = words.shift();
  if (first === undefined) return refuse("insufficient parameters specified");
  const format = FORMATS.find((known) => known === first) ?? null;
  const master = format === null ? first : words.shift();
  if (master === undefined) return refuse("master key parameter is missing");
  if (!MASTER.test(master)) return refuse(`master key parameter '${master}' is invalid`);
  const length = instantiate ? words.shift() : null;
  if (length === undefined) return refuse("keylen parameter is missing");
  if (command !== "new" && command !== "load" && command !== "update")
    return refuse(`keyword '${command}' not recognized`);
  if ((command === "update") === instantiate)
    return refuse(
      `keyword '${command}' not allowed when called from .${instantiate ? "instantiate" : "update"} method`,
    );
  const hex = instantiate ? (words.shift() ?? null) : null;
  if (command === "load" && hex === null) return refuse("hex blob is missing");
  return { command, format, master, length, hex };
}

/** kstrtol in base 10: digits, perhaps a sign, perhaps one newline. */
function lengthOf(text: string): number {
  return /^[+-]?[0-9]+\n?$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
}

/**
 * encrypted_key_alloc: whether length, format and a secret given in the clear go together.
 * @returns the length of the secret.
 */
export function checkBlobRequest(request: BlobRequest, userData: boolean): number | BlobFault {
  const { format, hex } = request;
  const length = lengthOf(request.length!);
  if (!(length >= MIN_LENGTH && length <= MAX_LENGTH)) return refuse("");
  if (request.command === "new" && hex !== null) {
    if (!userData)
      return refuse(
        "encrypted key: instantiation of keys using provided decrypted data is disabled since CONFIG_USER_DECRYPTED_DATA is set to false",
      );
    if (hex.length !== 2 * length)
      return refuse("encrypted key: decrypted data provided does not match decrypted data length provided");
    if (!/^[0-9a-fA-F]*$/.test(hex))
      return refuse("encrypted key: decrypted data provided must contain only hexadecimal characters");
  }
  const demanded = format === null ? undefined : FORMAT_LENGTH[format];
  if (demanded === undefined || length === demanded) return length;
  return refuse(
    format === "ecryptfs"
      ? "encrypted_key: keylen for the ecryptfs format must be equal to 64 bytes"
      : `encrypted_key: enc32 key payload incorrect length: ${length}`,
  );
}

const roundedUp = (length: number): number => BLOCK * Math.ceil(length / BLOCK);

/**
 * A key derived from a master: SHA-256 over the purpose, a zero byte and the master, in a buffer as long as the longer purpose
 * needs and never shorter than a hash.
 */
function derived(purpose: "ENC_KEY" | "AUTH_KEY", master: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(Math.max("AUTH_KEY".length + 1 + master.length, HASH));
  buffer.set(utf8ToBytes(purpose));
  buffer.set(master, purpose.length + 1);
  return digest("sha256", buffer);
}

const ZERO = Uint8Array.of(0);
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** What the HMAC is made over. A blob that was loaded without a format is authenticated without it. */
function authenticated(blob: Omit<EncryptedBlob, "secret">, ciphertext: Uint8Array, withFormat: boolean): Uint8Array {
  const words = [...(withFormat ? [blob.format] : []), blob.master, blob.length];
  return concatBytes(...words.flatMap((word) => [latin1(word), ZERO]), blob.iv, ZERO, ciphertext);
}

/** What reading the key gives. */
export function encryptBlob(blob: EncryptedBlob, master: Uint8Array): Uint8Array {
  const padded = new Uint8Array(roundedUp(blob.secret.length));
  padded.set(blob.secret);
  const ciphertext = cbc(derived("ENC_KEY", master), blob.iv, { disablePadding: true }).encrypt(padded);
  const mac = hmac("sha256", derived("AUTH_KEY", master), authenticated(blob, ciphertext, true));
  const hex = bytesToHex(concatBytes(blob.iv, ZERO, ciphertext, mac));
  return latin1(`${blob.format} ${blob.master} ${blob.length} ${hex}`);
}

/**
 * Takes a blob apart that was read before: encrypted_key_decrypt, but for looking up the master key.
 * @returns EINVAL for another length or anything but hex.
 */
export function openBlob(
  request: BlobRequest,
  length: number,
): Result<(master: Uint8Array) => { readonly iv: Uint8Array; readonly secret: Uint8Array } | null> {
  const hex = request.hex!;
  const cipherLength = roundedUp(length);
  if (hex.length !== 2 * (BLOCK + 1 + cipherLength + HASH)) return fail("EINVAL");
  // The byte between IV and ciphertext is not looked at.
  if (!/^[0-9a-fA-F]*$/.test(hex.slice(0, 2 * BLOCK) + hex.slice(2 * BLOCK + 2))) return fail("EINVAL");
  const iv = hexToBytes(hex.slice(0, 2 * BLOCK));
  const ciphertext = hexToBytes(hex.slice(2 * BLOCK + 2, -2 * HASH));
  const mac = hexToBytes(hex.slice(-2 * HASH));
  const head = { format: request.format ?? "default", master: request.master, length: request.length!, iv } as const;
  return ok((master) => {
    const data = authenticated(head, ciphertext, request.format !== null);
    const expected = hmac("sha256", derived("AUTH_KEY", master), data);
    if (!expected.every((byte, i) => byte === mac[i])) return null;
    const padded = cbc(derived("ENC_KEY", master), iv, { disablePadding: true }).decrypt(ciphertext);
    return { iv, secret: padded.slice(0, length) };
  });
}

/** What the key is charged with: payload_totallen, with the eCryptfs token in place of a bare secret. */
export function blobQuota(request: Pick<BlobRequest, "format" | "master" | "length">, length: number): number {
  const format = request.format ?? "default";
  const payload = format === "ecryptfs" ? ECRYPTFS_TOKEN : length;
  const data = format.length + request.master.length + request.length!.length + 3 + BLOCK + 1 + roundedUp(length);
  return data + payload + HASH + 1;
}
/** sizeof(struct ecryptfs_auth_tok). */
const ECRYPTFS_TOKEN = 736;
