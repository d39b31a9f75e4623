// Mappings of files and anonymous memory: what may be mapped and how, what a change of protection asks, and what stores do to the file
// (mm/util.c: vm_mmap_pgoff; mm/mmap.c: do_mmap; mm/mprotect.c: do_mprotect_pkey; mm/memory.c: do_shared_fault, do_wp_page;
// security/security.c: mmap_prot).
import { type Denial, fail, ok, type Result } from "../errno/index.ts";
import { writeBack } from "./allocate.ts";
import type { Content } from "./content.ts";
import type { OpenFile } from "./file.ts";
import { closeFile } from "./file-open.ts";
import type { Inode } from "./inode.ts";
import { FileMapping } from "./mapping.ts";
import { noExec } from "./mount/access.ts";
import { touchAtime, updateTimes } from "./native/attr.ts";
import type { Subject } from "./task.ts";
import { O, PAGE_SIZE, PROT } from "./uapi.ts";
import type { Vfs } from "./vfs.ts";

export interface MapRequest {
  /** PROT bits. */
  readonly prot: number;
  readonly shared: boolean;
  /** Bytes; whole pages are mapped. */
  readonly length: number;
  /** Bytes into the file, a multiple of the page size. */
  readonly offset: number;
}

/** The signal that an access to memory raises. */
export type MemoryFault = "SIGSEGV" | "SIGBUS";

/** READ_IMPLIES_EXEC: reading implies running, except from where nothing may run. */
function effectiveProt(task: Subject, file: OpenFile | null, prot: number): number {
  if ((prot & (PROT.READ | PROT.EXEC)) !== PROT.READ || !task.readImpliesExec) return prot;
  return file !== null && noExec(file.path) ? prot : prot | PROT.EXEC;
}

/** mmap(2); `file` null maps anonymous memory. The hook is asked before anything else. EACCES, EINVAL, EPERM, ENODEV. */
export function mmap(vfs: Vfs, task: Subject, file: OpenFile | null, request: MapRequest): Result<FileMapping> {
  const { prot: reqprot, shared, offset } = request;
  if (offset % PAGE_SIZE !== 0) return fail("EINVAL");
  if (file?.isPath === true) return fail("EBADF");
  const prot = effectiveProt(task, file, reqprot);
  const hooks = vfs.hooks.mmapFile;
  for (let i = 0; i < hooks.length; i++) {
    const refused = hooks[i]!.mmapFile(task, file, reqprot, prot, shared);
    if (refused !== null) return fail(refused);
  }
  if (request.length <= 0) return fail("EINVAL");
  const length = Math.ceil(request.length / PAGE_SIZE) * PAGE_SIZE;
  if (file === null)
    return ok(
      new FileMapping({ file, prot, shared, offset, length, sharedWritable: false, mayWrite: true, mayExec: true }),
    );
  const refused = mayMap(file, reqprot, prot, shared);
  if (refused !== null) return fail(refused);
  // An overlay maps the file that it opened, even if the name has been copied up since (fs/overlayfs/file.c: ovl_mmap).
  const target = file.backing ?? file;
  const { inode } = target;
  const sharedWritable = shared && file.canWrite;
  const mapping = new FileMapping({
    file: target,
    prot,
    shared,
    offset,
    length,
    sharedWritable,
    mayWrite: !shared || file.canWrite,
    mayExec: !noExec(file.path),
  });
  target.refs++;
  if (sharedWritable) inode.sharedWritableMaps++;
  inode.mappings ??= new Set();
  inode.mappings.add(mapping);
  if ((file.flags & O.NOATIME) === 0) touchAtime(vfs, file.path.mount, inode);
  return ok(mapping);
}

/** What do_mmap itself refuses, once the hook agreed. */
function mayMap(file: OpenFile, reqprot: number, prot: number, shared: boolean): Denial {
  const { inode } = file;
  if (shared) {
    if ((reqprot & PROT.WRITE) !== 0 && !file.canWrite) return "EACCES";
    if (inode.appendOnly && file.canWrite) return "EACCES";
  }
  if (!file.canRead) return "EACCES";
  if (noExec(file.path) && (prot & PROT.EXEC) !== 0) return "EPERM";
  return !inode.isRegular || inode.generated !== null ? "ENODEV" : null;
}

/** mprotect(2) of a mapping or of whole pages in it. EACCES for what it can never be, ENOMEM beyond it. */
export function mprotect(
  vfs: Vfs,
  task: Subject,
  mapping: FileMapping,
  reqprot: number,
  offset = 0,
  length: number = mapping.length,
): Denial {
  if (mapping.unmapped) return "ENOMEM";
  if ((reqprot & ~(PROT.READ | PROT.WRITE | PROT.EXEC)) !== 0 || offset % PAGE_SIZE !== 0) return "EINVAL";
  const end = offset + Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
  if (end === offset) return null;
  if (end > mapping.length) return "ENOMEM";
  const implied = task.readImpliesExec && (reqprot & PROT.READ) !== 0 && mapping.mayExec;
  const prot = implied ? reqprot | PROT.EXEC : reqprot;
  // Each run of pages with one protection is a mapping of its own to the kernel.
  for (const area of mapping.areas(offset, end)) {
    if ((prot & PROT.WRITE) !== 0 && !mapping.mayWrite) return "EACCES";
    if ((prot & PROT.EXEC) !== 0 && !mapping.mayExec) return "EACCES";
    const hooks = vfs.hooks.fileMprotect;
    for (let i = 0; i < hooks.length; i++) {
      const refused = hooks[i]!.fileMprotect(task, area.view, reqprot, prot);
      if (refused !== null) return refused;
    }
    mapping.protect(area.from, area.to, prot);
  }
  return null;
}

/** munmap(2) of a whole mapping. */
export function munmap(vfs: Vfs, task: Subject, mapping: FileMapping): Denial {
  if (mapping.unmapped) return null;
  mapping.unmapped = true;
  const { file } = mapping;
  if (file === null) return null;
  if (mapping.sharedWritable) file.inode.sharedWritableMaps--;
  file.inode.mappings?.delete(mapping);
  closeFile(vfs, task, file);
  return null;
}

/** msync(2) with MS_SYNC: stores reach the disk, the next ones fault again. */
export function msync(_vfs: Vfs, _task: Subject, mapping: FileMapping): Denial {
  if (mapping.unmapped) return "ENOMEM";
  if (mapping.shared && mapping.file !== null) writeBack(mapping.file.inode);
  return null;
}

/** The page of a mapping that is its own: anonymous, or copied by a store to a private mapping. */
function ownPage(mapping: FileMapping, page: number): Uint8Array {
  let own = mapping.pages.get(page);
  if (own === undefined) {
    own = new Uint8Array(PAGE_SIZE);
    const content = contentOf(mapping);
    if (content !== null) own.set(content.read(mapping.offset + page * PAGE_SIZE, PAGE_SIZE));
    mapping.pages.set(page, own);
  }
  return own;
}

function contentOf({ file }: FileMapping): Content | null {
  return file?.inode.content ?? null;
}

/** Whether the page lies beyond the last page of the file. */
function isBeyond(mapping: FileMapping, page: number): boolean {
  const content = contentOf(mapping);
  if (content === null || mapping.pages.has(page)) return false;
  return mapping.offset + page * PAGE_SIZE >= Math.ceil(content.size / PAGE_SIZE) * PAGE_SIZE;
}

/** Walks the pages of an access; `each` is given page, offset in the page, offset in the access, and length. */
function overPages(
  mapping: FileMapping,
  offset: number,
  length: number,
  need: number,
  each: (page: number, inPage: number, at: number, count: number) => void,
): MemoryFault | null {
  if (mapping.unmapped || offset < 0 || offset + length > mapping.length) return "SIGSEGV";
  for (let at = 0; at < length; ) {
    const page = Math.floor((offset + at) / PAGE_SIZE);
    const inPage = (offset + at) % PAGE_SIZE;
    const count = Math.min(PAGE_SIZE - inPage, length - at);
    if ((mapping.protAt(page) & need) === 0) return "SIGSEGV";
    if (isBeyond(mapping, page)) return "SIGBUS";
    each(page, inPage, at, count);
    at += count;
  }
  return null;
}

/** Stores bytes as a program does; what a shared mapping stores is in the file at once. The signal it raises, or null. */
export function store(
  vfs: Vfs,
  _task: Subject,
  mapping: FileMapping,
  offset: number,
  bytes: Uint8Array,
): MemoryFault | null {
  return overPages(mapping, offset, bytes.length, PROT.WRITE, (page, inPage, at, count) => {
    const part = bytes.subarray(at, at + count);
    const content = contentOf(mapping);
    if (!mapping.shared || mapping.file === null || content === null) {
      ownPage(mapping, page).set(part, inPage);
      return;
    }
    const { inode } = mapping.file;
    if (!mapping.dirty.has(page)) {
      mapping.dirty.add(page);
      updateTimes(vfs, inode);
    }
    inode.dirty = true;
    const position = mapping.offset + page * PAGE_SIZE + inPage;
    content.patch(position, part);
    if (position + count > content.size) keepBeyondEnd(inode, content.size, position, part);
  });
}

/** Bytes of the last page behind the end of the file: no file content, but all mappings of the page share them. */
function keepBeyondEnd(inode: Inode, size: number, position: number, part: Uint8Array): void {
  const length = Math.ceil(size / PAGE_SIZE) * PAGE_SIZE - size;
  if (inode.beyondEnd?.size !== size) inode.beyondEnd = { size, bytes: new Uint8Array(length) };
  const from = Math.max(position, size);
  inode.beyondEnd.bytes.set(part.subarray(from - position), from - size);
}

function readBeyondEnd({ file }: FileMapping, position: number, out: Uint8Array): void {
  const kept = file?.inode.beyondEnd;
  if (kept === undefined || kept === null || kept.size !== file?.inode.content?.size) return;
  const from = Math.max(position, kept.size);
  const end = Math.min(position + out.length, kept.size + kept.bytes.length);
  if (end > from) out.set(kept.bytes.subarray(from - kept.size, end - kept.size), from - position);
}

/** Loads bytes as a program does, or the signal it raises. The bytes are the caller's own. */
export function load(
  _vfs: Vfs,
  _task: Subject,
  mapping: FileMapping,
  offset: number,
  length: number,
): Uint8Array | MemoryFault {
  const out = new Uint8Array(length);
  const fault = overPages(mapping, offset, length, PROT.READ | PROT.WRITE | PROT.EXEC, (page, inPage, at, count) => {
    const own = mapping.pages.get(page);
    if (own !== undefined) out.set(own.subarray(inPage, inPage + count), at);
    else {
      const content = contentOf(mapping);
      const position = mapping.offset + page * PAGE_SIZE + inPage;
      if (content !== null) out.set(content.read(position, count), at);
      readBeyondEnd(mapping, position, out.subarray(at, at + count));
      // Memory that is never written back is mapped writable by the first load, so that no store will fault.
      if (mapping.sharedWritable && mapping.file?.inode.sb.type.tracksDirtyPages === false) mapping.dirty.add(page);
    }
  });
  return fault ?? out;
}
