// From a document's disks and files to what a kernel is booted with.
import type { BootDisk, BootFile } from "../kernel/index.ts";
import { bytesOf, type FileReader, hexBytes } from "./arguments.ts";
import type { DiskSpec, FileSpec } from "./schema.ts";

const DEFAULT_MODE = "644";
const PROGRAM_MODE = "755";

export function bootFile(spec: FileSpec, where: string, read?: FileReader): BootFile {
  if (typeof spec === "string") return { bytes: hexBytes(spec, where, read) };
  const mode = spec.mode ?? (spec.payload === undefined ? DEFAULT_MODE : PROGRAM_MODE);
  return {
    bytes: bytesOf(spec, where, read) ?? new Uint8Array(),
    mode: Number.parseInt(mode, 8),
    uid: spec.uid ?? 0,
    gid: spec.gid ?? 0,
  };
}

export function bootDisk(spec: DiskSpec, where: string, read?: FileReader): BootDisk {
  const files = Object.entries(spec.files ?? {}).map(([path, file]) => {
    const { bytes, mode, uid, gid } = bootFile(file, `${where}.files.${path}`, read);
    const more = typeof file === "string" ? {} : file;
    const xattrs = Object.entries(more.xattrs ?? {}).map(
      ([name, hex]) => [name, hexBytes(hex, `${where}.files.${path}.xattrs.${name}`, read)] as const,
    );
    return { path, bytes, mode: mode ?? 0o644, uid: uid ?? 0, gid: gid ?? 0, generation: more.generation ?? 0, xattrs };
  });
  const features = (spec.mkfs ?? "").split(/[\s,]+/);
  return {
    fstype: spec.fstype,
    ...(spec.uuid !== undefined && { uuid: spec.uuid }),
    verity: features.includes("verity"),
    files,
  };
}
