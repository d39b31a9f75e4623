// Damaged input for decoders: good samples in which some bytes are set, flipped, put in, taken out or doubled, or which are cut off; and
// now and then bytes out of nowhere.
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";

/** Bytes that mean something in DER, in headers, or as a length. */
const TELLING: readonly Uint8Array[] = [
  ...[0x00, 0x01, 0x02, 0x03, 0x04, 0x06, 0x1f, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xa0, 0xa3, 0xff],
].map((byte) => Uint8Array.of(byte));
/** Half of the damage is done where lengths and identifiers stand. */
const EARLY = 64;

type Damage = (bytes: Uint8Array, at: number) => Uint8Array;

/** Takes `out` bytes out at a place and puts others in. */
const spliced = (bytes: Uint8Array, at: number, out: number, put: Uint8Array): Uint8Array =>
  concatBytes(bytes.subarray(0, at), put, bytes.subarray(at + out));

function damage(pieces: readonly Uint8Array[]): fc.Arbitrary<Damage> {
  const byte = fc.nat(255);
  const piece = fc.constantFrom(...pieces);
  return fc.oneof(
    byte.map(
      (b): Damage =>
        (bytes, at) =>
          bytes.with(at, b),
    ),
    fc.nat(7).map(
      (bit): Damage =>
        (bytes, at) =>
          bytes.with(at, bytes[at]! ^ (1 << bit)),
    ),
    piece.map(
      (p): Damage =>
        (bytes, at) =>
          spliced(bytes, at, p.length, p),
    ),
    fc
      .oneof(
        piece,
        byte.map((b) => Uint8Array.of(b)),
      )
      .map(
        (p): Damage =>
          (bytes, at) =>
            spliced(bytes, at, 0, p),
      ),
    fc.nat(4).map(
      (n): Damage =>
        (bytes, at) =>
          spliced(bytes, at, n, new Uint8Array()),
    ),
    fc.nat(64).map(
      (n): Damage =>
        (bytes, at) =>
          concatBytes(bytes, bytes.subarray(at, at + n)),
    ),
    fc.constant<Damage>((bytes, at) => bytes.subarray(0, at)),
  );
}

/** @param pieces what is put in besides any byte */
export function damaged(
  samples: readonly Uint8Array[],
  pieces: readonly Uint8Array[] = TELLING,
): fc.Arbitrary<Uint8Array> {
  const step = fc.tuple(damage(pieces), fc.nat(1 << 20), fc.boolean());
  const hurt = fc
    .tuple(fc.constantFrom(...samples), fc.array(step, { minLength: 1, maxLength: 4 }))
    .map(([sample, steps]) => {
      let bytes = sample;
      for (const [change, at, early] of steps) {
        const reach = early ? Math.min(bytes.length, EARLY) : bytes.length;
        if (reach > 0) bytes = change(bytes, at % reach);
      }
      return Uint8Array.from(bytes);
    });
  return fc.oneof({ weight: 6, arbitrary: hurt }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }) });
}

/** @param words what is put in besides any byte */
export function damagedText(samples: readonly string[], words: readonly string[]): fc.Arbitrary<string> {
  const decoder = new TextDecoder();
  return damaged(samples.map(utf8ToBytes), words.map(utf8ToBytes)).map((bytes) => decoder.decode(bytes));
}
