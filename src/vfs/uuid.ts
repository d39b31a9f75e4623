// UUIDs of file systems that nobody gave one.

/** Version 4, of the environment's numbers. */
export function randomUuid(random: () => number): Uint8Array {
  const uuid = new Uint8Array(16);
  // Byte by byte: a view of a short array makes the engine move it out of its heap.
  for (let at = 0; at < 16; at += 4) {
    const number = random() >>> 0;
    for (let i = 0; i < 4; i++) uuid[at + i] = number >>> (24 - 8 * i);
  }
  uuid[6] = (uuid[6]! & 0x0f) | 0x40;
  uuid[8] = (uuid[8]! & 0x3f) | 0x80;
  return uuid;
}
