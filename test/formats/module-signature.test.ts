import { utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  appendSignature,
  hasSignatureMarker,
  MODULE_SIGNATURE_MARKER,
  splitSignedFile,
  TRAILER_LENGTH,
} from "../../src/formats/index.ts";
import { runs } from "../fuzz.ts";

const content = utf8ToBytes("contents");
const message = utf8ToBytes("PKCS#7 message");
const signed = appendSignature(content, message);
const trailerAt = content.length + message.length;

/** Splits, and keeps what is printed. */
function split(bytes: Uint8Array) {
  const printed: string[] = [];
  const result = splitSignedFile(bytes, (text) => printed.push(text));
  return { result, printed };
}
const changed = (at: number, byte: number): Uint8Array => signed.with(at, byte);

describe("appended signatures", () => {
  it("come off as they were put on", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.uint8Array({ minLength: 1 }), (file, pkcs7) => {
        const both = appendSignature(file, pkcs7);
        expect(hasSignatureMarker(both)).toBe(true);
        expect(split(both).result).toEqual({ ok: true, value: { content: file, pkcs7 } });
      }),
      runs(200),
    );
  });

  it("are laid out as scripts/sign-file does it", () => {
    const tail = signed.subarray(trailerAt);
    expect([...tail.subarray(0, TRAILER_LENGTH)]).toEqual([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, message.length]);
    expect(new TextDecoder().decode(tail.subarray(TRAILER_LENGTH))).toBe(MODULE_SIGNATURE_MARKER);
  });

  it.each([0, 1, 3, 4, 5, 6, 7])("with byte %i of the trailer set are refused aloud", (at) => {
    expect(split(changed(trailerAt + at, 1))).toEqual({
      result: { ok: false, errno: "EBADMSG" },
      printed: ["PKCS#7 signature info has unexpected non-zero params"],
    });
  });

  it("of another type are refused aloud", () => {
    expect(split(changed(trailerAt + 2, 1))).toEqual({
      result: { ok: false, errno: "ENOPKG" },
      printed: ["not signed with expected PKCS#7 message"],
    });
  });

  it("longer than the file are refused without a word", () => {
    for (const at of [8, 9, 10])
      expect(split(changed(trailerAt + at, 1))).toEqual({ result: { ok: false, errno: "EBADMSG" }, printed: [] });
    // As long as everything before the trailer: nothing would be left to be signed.
    expect(split(changed(trailerAt + 11, trailerAt)).result).toEqual({ ok: false, errno: "EBADMSG" });
    expect(split(changed(trailerAt + 11, trailerAt - 1)).result.ok).toBe(true);
  });

  it("without a marker are none", () => {
    expect(split(signed.subarray(0, -1)).result).toEqual({ ok: false, errno: "ENOENT" });
    expect(split(utf8ToBytes(MODULE_SIGNATURE_MARKER)).result).toEqual({ ok: false, errno: "ENOENT" });
    expect(split(new Uint8Array()).result).toEqual({ ok: false, errno: "ENOENT" });
  });
});
