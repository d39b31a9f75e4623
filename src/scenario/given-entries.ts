// List entries of a boot for files that a trace does not hold, such as the driver's own /init: their content is unknown, so their digests
// are taken as the kernel wrote them.
import { hexToBytes } from "@noble/hashes/utils.js";
import { hashByName } from "../crypto/index.ts";
import { ok } from "../errno/index.ts";
import type { Kernel } from "../kernel/index.ts";
import { type EventData, type EventDigest, type EventFile, lookupTemplate } from "../measure/index.ts";
import { resolve } from "../vfs/index.ts";
import type { Trace } from "./schema.ts";

/** PCR, template digest, template, and the fields. */
const ENTRY = /^ ?(\d+) [0-9a-f]+ (\S+) (.*)$/s;
/** A digest with the name of its algorithm; without one it is as long as it is. */
const DIGEST = /^(?:(?:ima:|verity:)?([a-z0-9-]+):)?([0-9a-f]+)$/;
const MD5_DIGITS = 32;

function digestOf(text: string | undefined): EventDigest | null {
  const m = DIGEST.exec(text ?? "");
  const algorithm = m === null ? undefined : hashByName(m[1] ?? (m[2]!.length === MD5_DIGITS ? "md5" : "sha1"));
  return algorithm === undefined ? null : { algo: algorithm.name, bytes: hexToBytes(m![2]!) };
}

/** A path in a record. */
const RECORDED_PATH = /^audit: .* name="(\/[^"]*)"/;

export function addGivenEntries(kernel: Kernel, trace: Trace): void {
  const { ima } = kernel;
  if (ima === null) return;
  const { list } = ima;
  const ours = new Set(kernel.measuredLines());
  for (const line of trace.boot.measured ?? []) {
    const m = ENTRY.exec(line);
    if (m === null || ours.has(line)) continue;
    // The boot's own format may be that of a known template; its entries name the format all the same.
    const { template: own, templates } = list.setup;
    const template = own.name === "" && own.format === m[2] ? own : lookupTemplate(m[2]!, templates);
    const values = m[3]!.split(" ");
    if (template === undefined || values.length !== template.fields.length) continue;
    const field = (...ids: string[]): string | undefined =>
      values[template.fields.findIndex(({ id }) => ids.includes(id))];
    const filename = field("n-ng", "n");
    if (filename?.startsWith("/") !== true || Object.hasOwn(trace.files ?? {}, filename)) continue;
    const short = digestOf(field("d"));
    const digest = digestOf(field("d-ng", "d-ngv2")) ?? short ?? { algo: ima.hash, bytes: new Uint8Array() };
    const event: EventData = {
      filename,
      digest,
      verity: false,
      xattr: null,
      modsig: null,
      buffer: null,
      violation: null,
      file: fileAt(kernel, filename, short?.bytes ?? digest.bytes),
    };
    list.measureFile(event, { template, pcr: Number(m[1]), inode: null, task: kernel.initProcess });
  }
}

/** The file of that name in the first root: its attributes are known, its content is not. */
function fileAt({ vfs, initProcess }: Kernel, path: string, digest: Uint8Array): EventFile | null {
  const found = resolve(vfs, initProcess, vfs.root, path, { follow: true });
  if (!found.ok) return null;
  const { name, inode } = found.value.dentry;
  const { uid, gid, mode } = inode!;
  return { name, uid, gid, mode, evmXattr: () => null, protectedXattrs: () => [], rehash: () => ok(digest) };
}

/**
 * The boot's log without records of such files: the modules that the driver loads, or itself. Which inode they have and what a policy
 * says of them cannot be known.
 */
export function withoutGivenFiles(lines: readonly string[], trace: Trace): string[] {
  return lines.filter((line) => {
    const path = RECORDED_PATH.exec(line)?.[1];
    return path === undefined || Object.hasOwn(trace.files ?? {}, path);
  });
}
