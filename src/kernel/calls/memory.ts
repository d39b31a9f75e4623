// System calls on memory, and what a process does with it (mm/mmap.c, mm/mprotect.c).
import { type Denial, fail, ok, type Result } from "../../errno/index.ts";
import { load, mmap, mprotect, msync, store } from "../../vfs/index.ts";
import type { Caller } from "./caller.ts";

export type Fault = "SIGSEGV" | "SIGBUS";

export interface MapRequest {
  readonly prot: number;
  readonly shared: boolean;
  readonly length: number;
  readonly offset: number;
}

export const MEMORY_CALLS = {
  /** @param fd null maps anonymous memory */
  mmap(this: Caller, fd: number | null, request: MapRequest): Result<number> {
    const { process, vfs } = this;
    const file = fd === null ? null : process.file(fd);
    if (file === undefined || file?.isPath) return fail("EBADF");
    const mapped = mmap(vfs, process, file, request);
    return mapped.ok ? ok(process.addMapping(mapped.value)) : mapped;
  },
  mprotect(this: Caller, map: number, prot: number): Denial {
    const { process, vfs } = this;
    const mapping = process.mapping(map);
    return mapping === undefined ? "ENOMEM" : mprotect(vfs, process, mapping, prot);
  },
  munmap(this: Caller, map: number): Denial {
    const { process } = this;
    return process.removeMapping(map);
  },
  msync(this: Caller, map: number): Denial {
    const { process, vfs } = this;
    const mapping = process.mapping(map);
    return mapping === undefined ? "ENOMEM" : msync(vfs, process, mapping);
  },
  /** @returns null, or the signal that the access raises */
  store(this: Caller, map: number, offset: number, bytes: Uint8Array): Fault | null {
    const { process, vfs } = this;
    const mapping = process.mapping(map);
    return mapping === undefined ? "SIGSEGV" : store(vfs, process, mapping, offset, bytes);
  },
  load(this: Caller, map: number, offset: number, length: number): Uint8Array | Fault {
    const { process, vfs } = this;
    const mapping = process.mapping(map);
    return mapping === undefined ? "SIGSEGV" : load(vfs, process, mapping, offset, length);
  },
  /** As asked for, in bytes. */
  mappingLength(this: Caller, map: number): number {
    const { process } = this;
    return process.mapping(map)?.length ?? 0;
  },
};
