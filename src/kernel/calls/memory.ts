// System calls on memory, and what a process does with it (mm/mmap.c, mm/mprotect.c).
import { type Denial, fail, ok, type Result } from "../../errno/index.ts";
import { load, mmap, mprotect, msync, store } from "../../vfs/index.ts";
import type { Kernel } from "../kernel.ts";
import type { Process } from "../process.ts";

export type Fault = "SIGSEGV" | "SIGBUS";

export interface MapRequest {
  readonly prot: number;
  readonly shared: boolean;
  readonly length: number;
  readonly offset: number;
}

export function memoryCalls(kernel: Kernel, process: Process) {
  const { vfs } = kernel;
  return {
    /** @param fd null maps anonymous memory */
    mmap(fd: number | null, request: MapRequest): Result<number> {
      const file = fd === null ? null : process.file(fd);
      if (file === undefined || file?.isPath) return fail("EBADF");
      const mapped = mmap(vfs, process, file, request);
      return mapped.ok ? ok(process.addMapping(mapped.value)) : mapped;
    },
    mprotect(map: number, prot: number): Denial {
      const mapping = process.mapping(map);
      return mapping === undefined ? "ENOMEM" : mprotect(vfs, process, mapping, prot);
    },
    munmap: (map: number): Denial => process.removeMapping(map),
    msync(map: number): Denial {
      const mapping = process.mapping(map);
      return mapping === undefined ? "ENOMEM" : msync(vfs, process, mapping);
    },
    /** @returns null, or the signal that the access raises */
    store(map: number, offset: number, bytes: Uint8Array): Fault | null {
      const mapping = process.mapping(map);
      return mapping === undefined ? "SIGSEGV" : store(vfs, process, mapping, offset, bytes);
    },
    load(map: number, offset: number, length: number): Uint8Array | Fault {
      const mapping = process.mapping(map);
      return mapping === undefined ? "SIGSEGV" : load(vfs, process, mapping, offset, length);
    },
    /** As asked for, in bytes. */
    mappingLength: (map: number): number => process.mapping(map)?.length ?? 0,
  };
}
