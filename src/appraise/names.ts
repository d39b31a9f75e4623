// What the measurement list and the records call a file (security/integrity/ima/ima_api.c: ima_d_path).
import { absolutePath, type OpenFile } from "../vfs/index.ts";

const PATH_MAX = 4096;
const NAME_MAX = 255;

/** The absolute path; the bare name where no path leads there or it is too long. */
export function listedName(file: Pick<OpenFile, "path">): string {
  const path = absolutePath(file.path);
  if (path !== null && path.length < PATH_MAX) return path;
  return file.path.dentry.name.slice(0, NAME_MAX - 1);
}
