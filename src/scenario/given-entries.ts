// List entries of a boot for files that a trace does not hold, such as the driver's own /init: their content is unknown, so their digests
// are taken as the kernel wrote them.
import { hexToBytes } from "@noble/hashes/utils.js";
import { hashByName } from "../crypto/index.ts";
import type { Kernel } from "../kernel/index.ts";
import { lookupTemplate } from "../measure/index.ts";
import type { Trace } from "./schema.ts";

/** PCR, template digest, template, file digest, absolute path. */
const FILE_ENTRY = /^ ?(\d+) [0-9a-f]+ (\S+) (?:(?:ima:|verity:)?([a-z0-9-]+):)?([0-9a-f]+) (\/\S*)/;

/** A path in a record. */
const RECORDED_PATH = /^audit: .* name="(\/[^"]*)"/;

export function addGivenEntries(kernel: Kernel, trace: Trace): void {
  const { ima } = kernel;
  if (ima === null) return;
  const { list } = ima;
  const ours = new Set(kernel.measuredLines());
  for (const line of trace.boot.measured ?? []) {
    const m = FILE_ENTRY.exec(line);
    if (m === null || ours.has(line) || Object.hasOwn(trace.files ?? {}, m[5]!)) continue;
    // The boot's own format may be that of a known template; its entries name the format all the same.
    const { template: own, templates } = list.setup;
    const template = own.name === "" && own.format === m[2] ? own : lookupTemplate(m[2]!, templates);
    const algorithm = hashByName(m[3] ?? "sha1");
    if (template === undefined || algorithm === undefined) continue;
    const digest = { algo: algorithm.name, bytes: hexToBytes(m[4]!) };
    const event = {
      filename: m[5]!,
      digest,
      verity: false,
      xattr: null,
      modsig: null,
      buffer: null,
      violation: null,
      file: null,
    };
    list.measureFile(event, { template, pcr: Number(m[1]), inode: null, task: kernel.initProcess });
  }
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
