// As much of an ELF file as execve looks at before a program runs (fs/binfmt_elf.c: load_elf_binary).
import { fail, ok, type Result } from "../errno/index.ts";
import { PAGE_SIZE } from "../vfs/index.ts";

export const ELF_HEADER = 64;
const PROGRAM_HEADER = 56;
const ET_EXEC = 2;
const ET_DYN = 3;
const EM_X86_64 = 62;
const PT_LOAD = 1;
const PT_INTERP = 3;
const PATH_MAX = 4096;

export interface ElfSegment {
  readonly offset: number;
  readonly fileSize: number;
  readonly address: number;
  /** PF_X 1, PF_W 2, PF_R 4. */
  readonly flags: number;
}

export interface ElfProgram {
  readonly entry: number;
  readonly interpreter: string | null;
  readonly segments: readonly ElfSegment[];
}

/** A 64-bit x86 program. Anything else is ENOEXEC, as for a file that no binary format claims. */
export function parseElf(file: Uint8Array): Result<ElfProgram> {
  if (file.length < ELF_HEADER || file[0] !== 0x7f || file[1] !== 0x45 || file[2] !== 0x4c || file[3] !== 0x46)
    return fail("ENOEXEC");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const type = view.getUint16(16, true);
  if ((type !== ET_EXEC && type !== ET_DYN) || view.getUint16(18, true) !== EM_X86_64) return fail("ENOEXEC");
  const at = Number(view.getBigUint64(32, true));
  const count = view.getUint16(56, true);
  if (view.getUint16(54, true) !== PROGRAM_HEADER || count < 1 || count * PROGRAM_HEADER > 65536)
    return fail("ENOEXEC");
  if (at + count * PROGRAM_HEADER > file.length) return fail("ENOEXEC");
  const segments: ElfSegment[] = [];
  let interpreter: string | null = null;
  for (let i = 0; i < count; i++) {
    const header = at + i * PROGRAM_HEADER;
    const kind = view.getUint32(header, true);
    const offset = Number(view.getBigUint64(header + 8, true));
    const fileSize = Number(view.getBigUint64(header + 32, true));
    if (kind === PT_LOAD)
      segments.push({
        offset,
        fileSize,
        address: Number(view.getBigUint64(header + 16, true)),
        flags: view.getUint32(header + 4, true),
      });
    if (kind === PT_INTERP && interpreter === null) {
      if (fileSize < 2 || fileSize > PATH_MAX) return fail("ENOEXEC");
      if (offset + fileSize > file.length) return fail("EIO");
      if (file[offset + fileSize - 1] !== 0) return fail("ENOEXEC");
      const path = new TextDecoder().decode(file.subarray(offset, offset + fileSize - 1));
      const nul = path.indexOf("\0");
      interpreter = nul < 0 ? path : path.slice(0, nul);
    }
  }
  return ok({ entry: Number(view.getBigUint64(24, true)), interpreter, segments });
}

/** The bytes at a virtual address, up to the end of their segment. */
export function bytesAt(file: Uint8Array, program: ElfProgram, address: number): Uint8Array {
  for (const s of program.segments)
    if (address >= s.address && address < s.address + s.fileSize)
      return file.subarray(s.offset + (address - s.address), s.offset + s.fileSize);
  return new Uint8Array();
}

/** The segment that ends highest is not writable, and does not end at a page. */
export function endsInReadOnlyPage({ segments }: ElfProgram): boolean {
  const end = ({ address, fileSize }: ElfSegment) => address + fileSize;
  const last = segments.reduce<ElfSegment | null>((a, b) => (a === null || end(b) > end(a) ? b : a), null);
  return last !== null && (last.flags & 2) === 0 && end(last) % PAGE_SIZE !== 0;
}
