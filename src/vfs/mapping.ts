// A range of a process' memory (include/linux/mm_types.h: struct vm_area_struct), as far as files are concerned.
import type { OpenFile } from "./file.ts";
import { PAGE_SIZE } from "./uapi.ts";

export interface MappingInit {
  readonly file: OpenFile | null;
  readonly prot: number;
  readonly shared: boolean;
  readonly offset: number;
  readonly length: number;
  readonly sharedWritable: boolean;
  readonly mayWrite: boolean;
  readonly mayExec: boolean;
}

/** Pages of one protection within a mapping. */
export interface MappedArea {
  /** Byte offsets in the mapping. */
  readonly from: number;
  readonly to: number;
  /** The area as a mapping, for hooks. */
  readonly view: FileMapping;
}

export class FileMapping {
  /** null: anonymous memory. On overlay the backing file, whose userPath is the path that was opened. */
  readonly file: OpenFile | null;
  /** PROT bits in force, READ_IMPLIES_EXEC included; those of the first page where pages differ. */
  prot: number;
  /** MAP_SHARED as asked for. */
  readonly shared: boolean;
  /** Byte offset in the file, a multiple of the page size. */
  readonly offset: number;
  /** Length in bytes, whole pages. */
  readonly length: number;
  /** VM_SHARED and VM_MAYWRITE: it counts in sharedWritableMaps, whatever its protection is now. */
  readonly sharedWritable: boolean;
  /** VM_MAYWRITE, VM_MAYEXEC: what mprotect can make of it. */
  readonly mayWrite: boolean;
  readonly mayExec: boolean;
  /** Pages of its own: copied on the first store to a private mapping, or anonymous. By page index in the mapping. */
  readonly pages = new Map<number, Uint8Array>();
  /** Pages of a shared mapping that can be stored to without another fault, by page index. */
  readonly dirty = new Set<number>();
  unmapped = false;
  /** Protection page by page, once mprotect made them differ. */
  #pageProt: Uint8Array | null = null;

  constructor(init: MappingInit) {
    this.file = init.file;
    this.prot = init.prot;
    this.shared = init.shared;
    this.offset = init.offset;
    this.length = init.length;
    this.sharedWritable = init.sharedWritable;
    this.mayWrite = init.mayWrite;
    this.mayExec = init.mayExec;
  }

  /** unmap_mapping_range: the file was cut, and with its pages go copies of them, private ones too. `size`: what is left of the file. */
  cut(size: number): void {
    const first = Math.ceil(size / PAGE_SIZE) - this.offset / PAGE_SIZE;
    for (const page of [...this.pages.keys(), ...this.dirty]) {
      if (page < first) continue;
      this.pages.delete(page);
      this.dirty.delete(page);
    }
  }

  /** Protection of one page. */
  protAt(page: number): number {
    return this.#pageProt?.[page] ?? this.prot;
  }

  /** The runs of equal protection between two offsets, in order. */
  areas(from: number, to: number): MappedArea[] {
    const areas: MappedArea[] = [];
    for (let at = from; at < to; ) {
      const prot = this.protAt(at / PAGE_SIZE);
      let end = at + PAGE_SIZE;
      while (end < to && this.protAt(end / PAGE_SIZE) === prot) end += PAGE_SIZE;
      const whole = this.#pageProt === null;
      areas.push({ from: at, to: end, view: whole ? this : new FileMapping({ ...this, prot }) });
      at = end;
    }
    return areas;
  }

  /** Sets the protection of whole pages. */
  protect(from: number, to: number, prot: number): void {
    if (from === 0 && to === this.length) {
      this.prot = prot;
      this.#pageProt = null;
      return;
    }
    this.#pageProt ??= new Uint8Array(this.length / PAGE_SIZE).fill(this.prot);
    this.#pageProt.fill(prot, from / PAGE_SIZE, to / PAGE_SIZE);
    this.prot = this.#pageProt[0]!;
  }
}
