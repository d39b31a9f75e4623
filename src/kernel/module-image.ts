// What the module loader demands of a module before it runs it (kernel/module/main.c: elf_validity_check, check_modinfo).
import { fail, ok, type Result } from "../errno/index.ts";

const HEADER = 64;
const SECTION = 64;
const ET_REL = 1;
const EM_X86_64 = 62;
const SHT_NOBITS = 8;

export interface ModuleImage {
  readonly name: string;
  readonly outOfTree: boolean;
  /** It says for which release it was built. */
  readonly versioned: boolean;
}

/** @param release as uname -r prints it: a module built for another is refused; null: whatever it was built for */
export function parseModule(file: Uint8Array, release: string | null): Result<ModuleImage> {
  if (file.length < HEADER || file[0] !== 0x7f || file[1] !== 0x45 || file[2] !== 0x4c || file[3] !== 0x46)
    return fail("ENOEXEC");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint16(16, true) !== ET_REL || view.getUint16(18, true) !== EM_X86_64) return fail("ENOEXEC");
  const at = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  const names = view.getUint16(62, true);
  if (
    view.getUint16(58, true) !== SECTION ||
    at >= file.length ||
    count === 0 ||
    count * SECTION > file.length - at ||
    names >= count
  )
    return fail("ENOEXEC");
  const header = (i: number) => {
    const h = at + i * SECTION;
    return {
      name: view.getUint32(h, true),
      type: view.getUint32(h + 4, true),
      offset: Number(view.getBigUint64(h + 24, true)),
      size: Number(view.getBigUint64(h + 32, true)),
    };
  };
  const strings = header(names);
  const text = (offset: number): string => {
    const end = file.indexOf(0, offset);
    return new TextDecoder().decode(file.subarray(offset, end < 0 ? file.length : end));
  };
  const sections = new Map<string, { offset: number; size: number }>();
  for (let i = 1; i < count; i++) {
    const s = header(i);
    if (s.type !== SHT_NOBITS && s.offset + s.size > file.length) return fail("ENOEXEC");
    sections.set(text(strings.offset + s.name), s);
  }
  const info = sections.get(".modinfo");
  if (info === undefined || !sections.has(".gnu.linkonce.this_module")) return fail("ENOEXEC");
  const tags = new Map<string, string>();
  for (const entry of new TextDecoder().decode(file.subarray(info.offset, info.offset + info.size)).split("\0")) {
    const equals = entry.indexOf("=");
    if (equals > 0 && !tags.has(entry.slice(0, equals))) tags.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  const name = tags.get("name");
  if (name === undefined) return fail("ENOEXEC");
  const magic = tags.get("vermagic");
  if (release !== null && magic !== undefined && magic.split(" ")[0] !== release) return fail("ENOEXEC");
  return ok({ name, outOfTree: !tags.has("intree"), versioned: magic !== undefined });
}
