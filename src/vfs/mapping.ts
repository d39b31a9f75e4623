// A range of a process' memory (include/linux/mm_types.h: struct vm_area_struct), as far as files are concerned.
import type { OpenFile } from "./file.ts";

export class FileMapping {
  /** null: anonymous memory. On overlay the backing file, whose userPath is the path that was opened. */
  readonly file: OpenFile | null;
  /** PROT bits in force, READ_IMPLIES_EXEC included. */
  prot: number;
  /** MAP_SHARED as asked for. */
  readonly shared: boolean;
  /** Byte offset in the file, a multiple of the page size. */
  readonly offset: number;
  /** Length in bytes, whole pages. */
  readonly length: number;
  /** VM_SHARED and VM_MAYWRITE: it counts in sharedWritableMaps, whatever its protection is now. */
  readonly sharedWritable: boolean;
  /** Pages of its own: copied on the first store to a private mapping, or anonymous. By page index in the mapping. */
  readonly pages = new Map<number, Uint8Array>();
  /** Pages of a shared mapping that can be stored to without another fault, by page index. */
  readonly dirty = new Set<number>();
  unmapped = false;

  constructor(init: {
    file: OpenFile | null;
    prot: number;
    shared: boolean;
    offset: number;
    length: number;
    sharedWritable: boolean;
  }) {
    this.file = init.file;
    this.prot = init.prot;
    this.shared = init.shared;
    this.offset = init.offset;
    this.length = init.length;
    this.sharedWritable = init.sharedWritable;
  }
}
