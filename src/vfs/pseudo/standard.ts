// The files that pseudo file systems bring along as soon as they are mounted, where the kernel around the VFS adds none
// (fs/binfmt_misc.c: bm_fill_super; kernel/cgroup/cgroup.c: cgroup_base_files; fs/devpts/inode.c: mknod_ptmx).
import { fail, ok, type Result } from "../../errno/index.ts";
import type { SuperBlock } from "../superblock.ts";
import type { Vfs } from "../vfs.ts";
import { addPseudoFile, type GeneratedFile } from "./file-system.ts";

const text = (content: string): GeneratedFile => ({
  read: (): Result<Uint8Array> => ok(Uint8Array.from(content, (c) => c.charCodeAt(0))),
});
const accept: GeneratedFile = { write: (_task, _file, bytes) => ok(bytes.length) };

type Entry = readonly [name: string, mode: number, file: GeneratedFile];

/** Per file system: what lies in its root. */
const FILES: Readonly<Record<string, readonly Entry[]>> = {
  binfmt_misc: [
    ["status", 0o644, { ...text("enabled\n"), ...accept }],
    ["register", 0o200, { write: () => fail("EINVAL") }],
  ],
  cgroup2: [
    ["cgroup.controllers", 0o444, text("cpu io\n")],
    ["cgroup.max.depth", 0o644, { ...text("max\n"), ...accept }],
    ["cgroup.max.descendants", 0o644, { ...text("max\n"), ...accept }],
    ["cgroup.procs", 0o644, { ...text("1\n"), ...accept }],
    ["cgroup.stat", 0o444, text("nr_descendants 0\nnr_dying_descendants 0\n")],
    ["cgroup.subtree_control", 0o644, { ...text("\n"), ...accept }],
    ["cgroup.threads", 0o644, { ...text("1\n"), ...accept }],
  ],
  devpts: [["ptmx", 0o000, {}]],
};

export function populate(vfs: Vfs, sb: SuperBlock): void {
  for (const [name, mode, file] of FILES[sb.type.name] ?? []) addPseudoFile(vfs, sb.root, name, mode, file);
}
