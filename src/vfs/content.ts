// The bytes of a regular file as the page cache shows them: one growable buffer, handed out as views and never copied per operation.
// Bytes beyond what was written are zero without being stored, so a sparse file costs nothing until something reads all of it.

/** A file larger than this is never gathered into one buffer (the largest ArrayBuffer that every engine allocates). */
const LARGEST_BUFFER = 2 ** 31 - 1;
const EMPTY = new Uint8Array(0);

export class Content {
  /** Length of the file in bytes; the buffer may be shorter (a hole to the end) or longer (room to grow). */
  #size = 0;
  #buffer: Uint8Array = EMPTY;
  /** Bytes of the buffer that hold data; everything from here to the size reads as zero. */
  #filled = 0;
  #view: Uint8Array | null = EMPTY;
  /** Counts changes of the bytes, so that whatever was computed of them can be recognised as stale. */
  revision = 0;

  static of(bytes: Uint8Array): Content {
    const content = new Content();
    content.#buffer = bytes;
    content.#size = bytes.length;
    content.#filled = bytes.length;
    content.#view = bytes;
    content.#borrowed = true;
    return content;
  }
  /** The buffer belongs to whoever gave it and must be copied before the first change. */
  #borrowed = false;

  get size(): number {
    return this.#size;
  }

  /** The whole file as one view of the buffer: valid until the next change. null if it is too large to be gathered. */
  bytes(): Uint8Array | null {
    if (this.#view !== null) return this.#view;
    if (this.#size > LARGEST_BUFFER) return null;
    if (this.#buffer.length < this.#size) this.#reserve(this.#size);
    this.#view = this.#buffer.subarray(0, this.#size);
    return this.#view;
  }

  /** Up to `length` bytes from `offset`: a view where the bytes are stored, fresh zeros in a hole. */
  read(offset: number, length: number): Uint8Array {
    const end = Math.min(offset + length, this.#size);
    return end > offset && end <= this.#filled ? this.#buffer.subarray(offset, end) : this.copy(offset, length);
  }

  /** The same bytes as a copy of their own. */
  copy(offset: number, length: number): Uint8Array {
    const end = Math.min(offset + length, this.#size);
    if (end <= offset) return EMPTY;
    if (end <= this.#filled) return this.#buffer.slice(offset, end);
    const out = new Uint8Array(end - offset);
    if (offset < this.#filled) out.set(this.#buffer.subarray(offset, this.#filled));
    return out;
  }

  /** Puts bytes at `offset`; the file grows as needed, a gap reads as zero. */
  write(offset: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const end = offset + bytes.length;
    this.#reserve(end);
    this.#buffer.set(bytes, offset);
    if (end > this.#filled) this.#filled = end;
    if (end > this.#size) this.#size = end;
    this.#changed();
  }

  /** Changes bytes within the file, as a store to a shared mapping does; what lies beyond its end is lost. */
  patch(offset: number, bytes: Uint8Array): void {
    if (offset >= this.#size) return;
    this.write(offset, offset + bytes.length > this.#size ? bytes.subarray(0, this.#size - offset) : bytes);
  }

  /** Sets the length: cuts, or extends by zeros. */
  resize(size: number): void {
    if (size === this.#size) return;
    if (size < this.#filled) {
      this.#own();
      this.#buffer.fill(0, size, this.#filled);
      this.#filled = size;
    }
    this.#size = size;
    this.#changed();
  }

  /** Zeroes a range within the file. */
  punch(offset: number, length: number): void {
    const end = Math.min(offset + length, this.#filled);
    if (end <= offset) return;
    this.#own();
    this.#buffer.fill(0, offset, end);
    this.#changed();
  }

  /** Cuts a range out and moves the rest down. */
  collapse(offset: number, length: number): void {
    this.#own();
    if (offset + length < this.#filled) this.#buffer.copyWithin(offset, offset + length, this.#filled);
    const filled = Math.max(Math.min(this.#filled, offset), this.#filled - length);
    this.#buffer.fill(0, filled, this.#filled);
    this.#filled = filled;
    this.#size -= length;
    this.#changed();
  }

  /** Moves the rest up and leaves zeros at `offset`. */
  insert(offset: number, length: number): void {
    if (offset < this.#filled) {
      const filled = this.#filled;
      this.#reserve(filled + length);
      this.#buffer.copyWithin(offset + length, offset, filled);
      this.#buffer.fill(0, offset, offset + length);
      this.#filled = filled + length;
    }
    this.#size += length;
    this.#changed();
  }

  /** Whether a write that ends here would need a buffer that no engine can give. */
  static fits(end: number): boolean {
    return end <= LARGEST_BUFFER;
  }

  #changed(): void {
    this.revision++;
    this.#view = null;
  }

  #own(): void {
    if (!this.#borrowed) return;
    this.#buffer = this.#buffer.slice();
    this.#borrowed = false;
    this.#view = null;
  }

  #reserve(end: number): void {
    if (end <= this.#buffer.length && !this.#borrowed) return;
    if (end <= this.#buffer.length) {
      this.#own();
      return;
    }
    const grown = new Uint8Array(Math.min(LARGEST_BUFFER, Math.max(end, this.#buffer.length * 2, 64)));
    grown.set(this.#buffer.subarray(0, this.#filled));
    this.#buffer = grown;
    this.#borrowed = false;
    this.#view = null;
  }
}
