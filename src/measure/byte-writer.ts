// A buffer that grows while lists are written into it.
import { toHex } from "./hex.ts";

const latin1OrUtf8 = new TextEncoder();

export class ByteWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  #room(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
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

  text(text: string): this {
    return this.bytes(latin1OrUtf8.encode(text));
  }

  hex(data: Uint8Array): this {
    return this.text(toHex(data));
  }

  uint32(value: number, littleEndian: boolean): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value, littleEndian);
    return this;
  }

  /** What was written so far, as a copy. */
  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}
