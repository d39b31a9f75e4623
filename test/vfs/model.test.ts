// Any sequence of calls on a small tree against a plain model of it: the errno of each call, names, link counts, contents, who has
// what open and mapped. At the end everything is closed, and what is left on the disk is what the model has.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { munmap, umount } from "../../src/vfs/index.ts";
import { runs } from "../fuzz.ts";
import { everything } from "./commands.ts";
import { root } from "./machine.ts";
import { compare, Model, Real } from "./model.ts";

/** Closes all, mounts the disk anew and compares once more. */
function finish(model: Model, real: Real): void {
  for (const map of model.maps.splice(0)) {
    if (map.shared) map.handle.node.sharedMaps--;
    model.drop(map.handle);
    munmap(real.vfs, root, map.mapping);
  }
  for (const handle of model.handles)
    if (!handle.closed) {
      model.close(handle);
      real.m.close(handle.file);
    }
  compare(model, real);
  for (const { node, file } of model.handles) {
    expect(file.inode.openFiles).toBe(0);
    if (!node.isDirectory && node.names === 0) expect(file.inode.freed).toBe(true);
  }
  if (real.disk === undefined) return;
  expect(umount(real.vfs, root, real.m.base, "/mnt")).toBe(null);
  real.m.mount("/mnt", real.fstype, undefined, real.disk);
  compare(model, real);
}

describe("a tree of files", () => {
  for (const fstype of ["ext4", "xfs", "btrfs", "tmpfs", "overlay"])
    it(`on ${fstype} is what the model says`, () => {
      fc.assert(
        fc.property(everything, (commands) => {
          const model = new Model(fstype);
          const real = new Real(fstype);
          fc.modelRun(() => ({ model, real }), commands);
          finish(model, real);
        }),
        runs(150),
      );
    });
});
