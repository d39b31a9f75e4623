// UTF-8 of short texts. Most here are ASCII of a few dozen characters, for which the call of an encoder takes ten times as long.

const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return encoder.encode(text);
    bytes[i] = code;
  }
  return bytes;
}
