// Keys of type asymmetric: certificates and private keys (crypto/asymmetric_keys/asymmetric_type.c, x509_public_key.c:
// x509_key_preparse, pkcs8_parser.c).
import { bytesToHex } from "@noble/hashes/utils.js";
import { any, context, decodeAsn1, group, leaf, listOf, optional, TAG } from "../../crypto/asn1.ts";
import { PublicKey } from "../../crypto/index.ts";
import { fail, ok, type Result } from "../../errno/index.ts";
import { asymmetricMatcher } from "../asymmetric-match.ts";
import { loadCertificate } from "../certificate.ts";
import type { AsymmetricIds, AsymmetricPayload, Key } from "../key.ts";
import type { KeyContext, KeyType, Prepared } from "../key-type.ts";
import { reservePayload } from "../quota.ts";
import { asymmetricRestriction } from "../restrict.ts";
import type { KeyState } from "../state.ts";

/** What any asymmetric key is charged with. */
const QUOTA = 100;
const RSA_ENCRYPTION = "2a864886f70d010101";

/** Text of a certificate: the kernel's strings end at a zero byte. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function fromCertificate(state: KeyState, data: Uint8Array): Result<Prepared> {
  const loaded = loadCertificate(state, data);
  if (!loaded.ok) return loaded;
  const { certificate, signature, blacklisted } = loaded.value;
  if (blacklisted) return fail("EKEYREJECTED");
  const { publicKey, digitalSignature, keyCertSign, ca, authority } = certificate;
  const ids: AsymmetricIds = [certificate.id, certificate.skid, certificate.rawSubject];
  const vouched = signature && { signature, authority };
  const name = textOf(certificate.subject);
  return ok({
    payload: { kind: "asymmetric", idType: "X509", publicKey, ids, digitalSignature, keyCertSign, ca, vouched },
    description: `${name}: ${bytesToHex(certificate.skid ?? certificate.serial)}`,
    quota: QUOTA,
  });
}

interface Pkcs8 {
  oid: string;
  key: Uint8Array;
}
const privateKeyInfo = group<Pkcs8>(TAG.SEQUENCE, [
  leaf(TAG.INTEGER, (_, { value }) => (value.length === 1 && value[0] === 0 ? null : "EBADMSG")),
  group(
    TAG.SEQUENCE,
    [
      leaf(TAG.OID, (found, { value }) => {
        found.oid = bytesToHex(value);
        return null;
      }),
      optional(any()),
    ],
    (found) => (found.oid === RSA_ENCRYPTION ? null : "ENOPKG"),
  ),
  leaf(TAG.OCTET_STRING, (found, { value }) => {
    found.key = value;
    return null;
  }),
  optional(listOf(context(0, true), any())),
]);

/** A private key proposes no description of its own. */
function fromPrivateKey(data: Uint8Array): Result<Prepared> {
  const found: Pkcs8 = { oid: "", key: new Uint8Array() };
  const refused = decodeAsn1(privateKeyInfo, found, data);
  if (refused !== null) return fail(refused);
  const payload: AsymmetricPayload = {
    kind: "asymmetric",
    idType: "PKCS8",
    publicKey: new PublicKey("rsa", found.key, true),
    ids: [null, null, null],
    digitalSignature: false,
    keyCertSign: false,
    ca: false,
    vouched: null,
  };
  return ok({ payload, description: null, quota: QUOTA });
}

/** Parsers are asked in turn while they say that it is nothing of theirs. */
function preparse({ state }: KeyContext, data: Uint8Array): Result<Prepared> {
  if (data.length === 0) return fail("EINVAL");
  const certificate = fromCertificate(state, data);
  return !certificate.ok && certificate.errno === "EBADMSG" ? fromPrivateKey(data) : certificate;
}

/** The last four bytes of the key identifier. */
function describe(key: Key): string {
  const { asymmetric } = key;
  if (asymmetric === null) return key.description;
  const id = asymmetric.ids[1];
  const shown = id === null ? "" : ` ${bytesToHex(id.subarray(Math.max(0, id.length - 4)))}`;
  return `${key.description}: ${asymmetric.idType}.${asymmetric.publicKey.algorithm}${shown} []`;
}

export const asymmetricType: KeyType = {
  name: "asymmetric",
  preparse,
  instantiate(_context, key, prepared) {
    const refused = reservePayload(key, prepared.quota);
    if (refused === null) key.payload = prepared.payload;
    return refused;
  },
  matcher: asymmetricMatcher,
  restriction: asymmetricRestriction,
  describe,
};
