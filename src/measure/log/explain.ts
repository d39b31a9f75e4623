// What an entry's template digest is the digest of, byte by byte.
import type { HashName } from "../../crypto/hash.ts";
import { ByteWriter } from "../byte-writer.ts";
import { type PreimagePart, preimage, type TemplateData, templateDigest } from "../entry.ts";
import { writeField } from "../entry-text.ts";

export interface ExplainedPart extends PreimagePart {
  /** What the bytes say: a length in decimal, data as an ASCII list shows it, padding as a count. */
  readonly meaning: string;
}

export interface Explanation {
  /** The pieces in the order in which they are hashed. */
  readonly parts: readonly ExplainedPart[];
  readonly digests: readonly { readonly algo: HashName; readonly digest: Uint8Array }[];
}

const utf8 = new TextDecoder();

/**
 * @param algos the hash algorithms to show the template digest in
 * @throws RangeError where one of them cannot be computed.
 */
export function explainEntry(
  data: TemplateData,
  algos: readonly HashName[] = ["sha1", "sha256"],
  littleEndian = true,
): Explanation {
  const parts = preimage(data, littleEndian).map((part) => {
    if (part.what === "length") return { ...part, meaning: String(lengthOf(part.bytes, littleEndian)) };
    if (part.what === "padding") return { ...part, meaning: `${part.bytes.length} × NUL` };
    const { shape } = data.template.fields.find(({ id }) => id === part.field)!;
    const out = new ByteWriter();
    writeField(out, shape, part.bytes, littleEndian);
    return { ...part, meaning: utf8.decode(out.done()) };
  });
  return { parts, digests: algos.map((algo) => ({ algo, digest: templateDigest(algo, data, littleEndian) })) };
}

const lengthOf = (bytes: Uint8Array, littleEndian: boolean): number =>
  new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, littleEndian);
