// Where the kernel's decoders and PKI.js part ways on purpose: docs/architecture.md says why the decoder is imasim's own. Each case names
// the place in the kernel that makes the difference; all are in the recordings keyrings-forms and keyrings-forms-61 too.
import { readFileSync } from "node:fs";
import { hexToBytes } from "@noble/hashes/utils.js";
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";
import { describe, expect, it } from "vitest";
import { type Certificate, parseCertificate, parsePkcs7 } from "../../src/formats/index.ts";
import { Release } from "../../src/release/index.ts";
import { testFile } from "../keyring/test-keys.node.ts";

const release = Release.parse("6.12");
const message = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../data/pkcs7/${name}.p7`, import.meta.url)));

type Node = { valueBlock: { value: Node[] } };
const kids = (node: Node): Node[] => node.valueBlock.value;
const tree = (bytes: Uint8Array): Node => asn1js.fromBER(bytes).result as unknown as Node;
const hexNode = (text: string): Node => tree(hexToBytes(text.replace(/ /g, "")));
const encode = (node: Node): Uint8Array => new Uint8Array((node as unknown as asn1js.Sequence).toBER());

/** The fields of `ima.der`: TBSCertificate 4.1 of RFC 5280. */
const FIELD = {
  version: 0,
  serial: 1,
  algorithm: 2,
  issuer: 3,
  validity: 4,
  subject: 5,
  key: 6,
  extensions: 7,
} as const;
function changed(change: (tbs: Node[], whole: Node[]) => void): Uint8Array {
  const root = tree(testFile("ima.der"));
  change(kids(kids(root)[0]!), kids(root));
  return encode(root);
}
const extensionsOf = (tbs: Node[]): Node[] => kids(kids(tbs[FIELD.extensions]!)[0]!);
function withExtension(oid: string, value: string): Uint8Array {
  return changed((tbs) => {
    const others = extensionsOf(tbs).filter(
      (one) => (kids(one)[0] as unknown as asn1js.ObjectIdentifier).valueBlock.toString() !== oid,
    );
    const id = new asn1js.ObjectIdentifier({ value: oid });
    const octets = new asn1js.OctetString({ valueHex: hexToBytes(value.replace(/ /g, "")).buffer as ArrayBuffer });
    others.push(new asn1js.Sequence({ value: [id, octets] }) as unknown as Node);
    kids(tbs[FIELD.extensions]!)[0]!.valueBlock.value = others;
  });
}
/** The same bytes, the first length in four bytes instead of two. */
function longLength(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(bytes[0]!, 0x84, 0, 0, ...bytes.subarray(2));
}

interface Deviation {
  readonly what: string;
  readonly der: Uint8Array;
  readonly kernel: string;
  readonly peer: "reads" | "refuses";
  readonly source: string;
}

const PARSER = "crypto/asymmetric_keys/x509_cert_parser.c";
const DECODER = "lib/asn1_decoder.c: asn1_ber_decoder";
const CERTIFICATES: readonly Deviation[] = [
  {
    what: "a validity with one time, which counts twice",
    der: changed((tbs) => kids(tbs[FIELD.validity]!).pop()),
    kernel: "reads",
    peer: "refuses",
    source: DECODER,
  },
  {
    what: "a sequence whose tag lacks the bit of constructed types",
    der: testFile("ima.der").with(0, 0x10),
    kernel: "reads",
    peer: "refuses",
    source: DECODER,
  },
  {
    what: "a length of four bytes",
    der: longLength(testFile("ima.der")),
    kernel: "EBADMSG",
    peer: "reads",
    source: DECODER,
  },
  {
    what: "a list without elements: a subject without parts",
    der: changed((tbs) => {
      tbs[FIELD.subject] = hexNode("3000");
    }),
    kernel: "EBADMSG",
    peer: "reads",
    source: DECODER,
  },
  {
    what: "a GeneralizedTime before 2050",
    der: changed((tbs) => {
      tbs[FIELD.validity] = hexNode("3022 180f 32303230303130313030303030305a 180f 32313030303130313030303030305a");
    }),
    kernel: "EBADMSG",
    peer: "reads",
    source: `${PARSER}: x509_decode_time`,
  },
  {
    what: "two signature algorithms that differ",
    der: changed((_tbs, whole) => {
      whole[1] = hexNode("300d 0609 2a864886f70d01010d 0500");
    }),
    kernel: "EINVAL",
    peer: "reads",
    source: `${PARSER}: x509_note_signature`,
  },
  {
    what: "a signature of bits that are no whole bytes",
    der: changed((_tbs, whole) => {
      whole[2] = hexNode("0302 01fe");
    }),
    kernel: "EBADMSG",
    peer: "reads",
    source: `${PARSER}: x509_note_signature`,
  },
  {
    what: "a second subject key identifier",
    der: changed((tbs) => extensionsOf(tbs).push(hexNode("300b 0603 551d0e 0404 0402 0102"))),
    kernel: "EBADMSG",
    peer: "reads",
    source: `${PARSER}: x509_process_extension`,
  },
  {
    what: "a key usage without bits",
    der: withExtension("2.5.29.15", "0301 00"),
    kernel: "EBADMSG",
    peer: "reads",
    source: `${PARSER}: x509_process_extension`,
  },
  {
    what: "basic constraints that spell out FALSE",
    der: withExtension("2.5.29.19", "3003 0101 00"),
    kernel: "EBADMSG",
    peer: "reads",
    source: `${PARSER}: x509_process_extension`,
  },
  ...["psssig", "md5sig", "ed", "p224", "k256"].map((name) => ({
    what: `an algorithm that the kernel has no use for: ${name}.der`,
    der: testFile(`corpus/${name}.der`),
    kernel: "ENOPKG",
    peer: "reads" as const,
    source: `${PARSER}: x509_note_sig_algo, x509_extract_key_data`,
  })),
];

/** SignedData of ca.p7, and the fields of its only signer. */
const SIGNED = { version: 0, digests: 1, content: 2, signers: 3 } as const;
const SIGNER = { version: 0, sid: 1, digest: 2, algorithm: 3, signature: 4 } as const;
function changedMessage(name: string, change: (signed: Node[], signer: Node[]) => void): Uint8Array {
  const root = tree(message(name));
  const signed = kids(kids(kids(root)[1]!)[0]!);
  change(signed, kids(kids(signed.at(-1)!)[0]!));
  return encode(root);
}
const addAttribute =
  (text: string) =>
  (_signed: Node[], signer: Node[]): void => {
    kids(signer[3]!).push(hexNode(text));
  };
const PKCS7 = "crypto/asymmetric_keys/pkcs7_parser.c";
const MESSAGES: readonly Deviation[] = [
  {
    what: "SignedData of version 2",
    der: changedMessage("ca", (signed) => {
      signed[SIGNED.version] = hexNode("020102");
    }),
    kernel: "EINVAL",
    peer: "reads",
    source: `${PKCS7}: pkcs7_note_signeddata_version`,
  },
  {
    what: "a message that nobody signed",
    der: changedMessage("ca", (signed) => {
      signed.pop();
    }),
    kernel: "EINVAL",
    peer: "refuses",
    source: `${DECODER}; ${PKCS7}: pkcs7_check_authattrs`,
  },
  {
    what: "a digest algorithm that the kernel has no use for: SHA3-224",
    der: changedMessage("ca", (_signed, signer) => {
      signer[SIGNER.digest] = hexNode("300b 0609 608648016503040207");
    }),
    kernel: "ENOPKG",
    peer: "reads",
    source: `${PKCS7}: pkcs7_sig_note_digest_algo`,
  },
  {
    what: "sha256WithRSAEncryption where the kernel knows rsaEncryption alone",
    der: changedMessage("ca", (_signed, signer) => {
      signer[SIGNER.algorithm] = hexNode("300d 0609 2a864886f70d01010b 0500");
    }),
    kernel: "ENOPKG",
    peer: "reads",
    source: `${PKCS7}: pkcs7_sig_note_pkey_algo`,
  },
  {
    what: "S/MIME capabilities among the signed attributes",
    der: changedMessage("attr", addAttribute("300f 0609 2a864886f70d01090f 3102 3000")),
    kernel: "EKEYREJECTED",
    peer: "reads",
    source: `${PKCS7}: pkcs7_sig_note_authenticated_attr`,
  },
  {
    what: "an attribute twice",
    der: changedMessage("attr", addAttribute("3018 0609 2a864886f70d010903 310b 0609 2a864886f70d010701")),
    kernel: "EKEYREJECTED",
    peer: "reads",
    source: `${PKCS7}: pkcs7_sig_note_authenticated_attr`,
  },
];

function peerReads(read: () => unknown): "reads" | "refuses" {
  try {
    read();
    return "reads";
  } catch {
    return "refuses";
  }
}

describe("certificates that the kernel and PKI.js do not both read", () => {
  it.each(CERTIFICATES)("$what ($source)", ({ der, kernel, peer }) => {
    const parsed = parseCertificate(der, release);
    expect(parsed.ok ? "reads" : parsed.errno).toBe(kernel);
    expect(peerReads(() => pkijs.Certificate.fromBER(der))).toBe(peer);
  });

  it("the time that stands alone is both", () => {
    const parsed = parseCertificate(CERTIFICATES[0]!.der, release);
    expect(parsed).toMatchObject({ ok: true, value: { validFrom: parsed.ok && parsed.value.validTo } });
  });
});

describe("messages that the kernel and PKI.js do not both read", () => {
  it.each(MESSAGES)("$what ($source)", ({ der, kernel, peer }) => {
    const parsed = parsePkcs7<Certificate>(der, {
      release,
      certificate: (one) => parseCertificate(one, release),
      warn: () => undefined,
    });
    expect(parsed.ok ? "reads" : parsed.errno).toBe(kernel);
    expect(peerReads(() => new pkijs.SignedData({ schema: pkijs.ContentInfo.fromBER(der).content }))).toBe(peer);
  });
});
