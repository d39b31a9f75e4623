// A buffer that grows while lists are written into it.
import { HEX_DIGIT_PAIRS } from "./hex.ts";

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

export class ByteWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  #room(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
    }
    return at;
  }

  get length(): number {
    return this.#length;
  }

  bytes(data: Uint8Array): this {
    const at = this.#room(data.length);
    this.#bytes.set(data, at);
    return this;
  }

  /** As UTF-8. Most texts here are a few ASCII characters, for which the call of an encoder is most of the work. */
  text(text: string): this {
    const start = this.#room(text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#length = start;
        return this.bytes(utf8.encode(text));
      }
      this.#bytes[start + i] = code;
    }
    return this;
  }

  hex(data: Uint8Array): this {
    let at = this.#room(2 * data.length);
    for (const byte of data) {
      const pair = HEX_DIGIT_PAIRS[byte]!;
      this.#bytes[at++] = pair >> 8;
      this.#bytes[at++] = pair & 0xff;
    }
    return this;
  }

  uint32(value: number, littleEndian: boolean): this {
    const at = this.#room(4);
    for (let i = 0; i < 4; i++) this.#bytes[at + i] = value >>> (littleEndian ? 8 * i : 24 - 8 * i);
    return this;
  }

  /** What was written so far, as text; the next line begins anew. */
  takeText(): string {
    const text = fromUtf8.decode(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return text;
  }

  /** What was written so far, as a copy. */
  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}
