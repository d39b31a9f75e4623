// The hook points as lists of the modules that implement them, made once, so that a call costs nothing where nobody listens
// (security/security.c: call_int_hook stops at the first refusal, call_void_hook reaches all).
import type { SecurityModule } from "./security.ts";

type HookName = Exclude<keyof SecurityModule, "name">;

/** For each hook the modules that implement it, in their order. */
export type Hooks = { readonly [K in HookName]: readonly Required<Pick<SecurityModule, K>>[] };

// biome-ignore format: a table reads better in columns
const NAMES: Readonly<Record<HookName, true>> = {
  inodePermission: true, inodeCreate: true, inodeLink: true, inodeUnlink: true, inodeRename: true, inodeGetattr:
  true, inodeInitSecurity: true, inodePostCreateTmpfile: true, pathPostMknod: true, inodeFree: true, fileOpen:
  true, filePostOpen: true, fileRelease: true, filePermission: true, fileTruncate: true, pathTruncate: true,
  mmapFile: true, fileMprotect: true, bprmCredsForExec: true, bprmCheck: true, bprmCredsFromFile: true,
  inodeSetattr: true, inodePostSetattr: true, inodeSetxattr: true, inodePostSetxattr: true, inodeGetxattr: true,
  inodeGetsecurity: true, inodeSetsecurity: true, inodeListsecurity: true,
  inodeRemovexattr: true, inodePostRemovexattr: true, inodeSetAcl: true, inodePostSetAcl: true, inodeGetAcl: true, inodeRemoveAcl:
  true, inodePostRemoveAcl: true, inodeCopyUpXattr: true, kernelReadFile: true, kernelPostReadFile: true,
  kernelLoadData: true, kernelPostLoadData: true,
};

const NOBODY: readonly SecurityModule[] = [];

export function collectHooks(modules: readonly SecurityModule[]): Hooks {
  const hooks: Partial<Record<HookName, readonly SecurityModule[]>> = {};
  for (const name of Object.keys(NAMES) as HookName[])
    hooks[name] = modules.some((module) => module[name] !== undefined)
      ? modules.filter((module) => module[name] !== undefined)
      : NOBODY;
  return hooks as unknown as Hooks;
}
