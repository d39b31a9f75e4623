// Modules for tests.
/** A relocatable object with the two sections that the loader looks for. */
export function moduleImage(info: Readonly<Record<string, string>>): Uint8Array {
  const names = ["", ".modinfo", ".gnu.linkonce.this_module", ".shstrtab"];
  const strings = new TextEncoder().encode(`${names.join("\0")}\0`);
  const modinfo = new TextEncoder().encode(
    Object.entries(info)
      .map(([key, value]) => `${key}=${value}\0`)
      .join(""),
  );
  const bodies = [new Uint8Array(), modinfo, new Uint8Array(8), strings];
  const at = 64 + bodies.reduce((sum, body) => sum + body.length, 0);
  const file = new Uint8Array(at + 64 * bodies.length);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 1, true);
  view.setUint16(18, 62, true);
  view.setBigUint64(40, BigInt(at), true);
  view.setUint16(58, 64, true);
  view.setUint16(60, bodies.length, true);
  view.setUint16(62, 3, true);
  let offset = 64;
  bodies.forEach((body, i) => {
    file.set(body, offset);
    const header = at + 64 * i;
    view.setUint32(header, names.slice(0, i).join("\0").length + (i === 0 ? 0 : 1), true);
    view.setUint32(header + 4, i === 0 ? 0 : 1, true);
    view.setBigUint64(header + 24, BigInt(offset), true);
    view.setBigUint64(header + 32, BigInt(body.length), true);
    offset += body.length;
  });
  return file;
}
