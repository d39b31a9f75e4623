// A whole boot as a document: the kernel, what the initramfs and the root hold, the policy, and what is started.
import { z } from "zod";
import { InputError } from "../errno/index.ts";
import { compressionOf, decodeInitramfs, decodeTar, type Unpack } from "../formats/index.ts";
import {
  type BootDisk,
  type BootSimulation,
  type BootSimulationOptions,
  type FilesOfInitramfs,
  simulateBoot,
} from "../kernel/index.ts";
import type { DiskEntry } from "../vfs/index.ts";
import { type FileReader, hexBytes } from "./arguments.ts";
import { placedIn } from "./boot-document.ts";
import { parseDocuments } from "./document.ts";
import { bootDisk, bootFile } from "./machine.ts";
import { kernelOptions } from "./run.ts";
import { diskSchema, fileSchema, hexSchema, kernelSchema } from "./schema.ts";

const path = z.string().regex(/^\//, "not an absolute path");
const paths = z.array(path);

const program = z.strictObject({
  path: path.optional(),
  libraries: paths.optional().describe("Shared libraries that it maps; [] for none. Left out, they are not known"),
  reads: paths.optional().describe("Files that it opens"),
});
const service = program.extend({
  path,
  needed: z.boolean().optional().describe("Without it the machine is not up"),
});

export const bootDescriptionSchema = z.strictObject({
  $schema: z.string().optional(),
  name: z.string().optional(),
  about: z.string().optional(),
  kernel: kernelSchema.omit({ backend: true, modules: true }).optional(),
  keys: z.array(hexSchema).optional().describe("Certificates compiled into the kernel (DER)"),
  initramfs: z
    .union([z.record(path, fileSchema), hexSchema])
    .nullable()
    .describe(
      "Its files by path, or an image as the boot loader has it (@initrd.img). null: the kernel mounts the root itself",
    ),
  root: diskSchema
    .omit({ mkfs: true, size: true })
    .extend({
      tar: hexSchema
        .optional()
        .describe("An archive of what is on it (@root.tar), xattrs included; `files` go before it"),
    })
    .optional()
    .describe("What becomes the root; left out, what lies on it is not known"),
  policy: z.string().optional().describe("The text of /etc/ima/ima-policy, unless the root has one"),
  dracut: z
    .array(z.enum(["masterkey", "integrity"]))
    .optional()
    .describe("What of dracut's modules the initramfs has"),
  systemd: z
    .boolean()
    .optional()
    .describe("Whether the first process is systemd, which loads the policy; default true"),
  initramfsInit: program.optional(),
  init: program.optional(),
  services: z.array(service).optional(),
});
export type BootDescription = z.infer<typeof bootDescriptionSchema>;

/** The descriptions in a JSON document or a YAML stream. @param source for messages. @throws InputError */
export function parseBootDescriptions(text: string, source: string): BootDescription[] {
  return parseDocuments(text, bootDescriptionSchema, source);
}

/** Without the keys whose value is not given: options tell "left out" from "undefined". */
const given = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

/** What is wrong with an archive is told with the place in the document that names it. */
function archive<T>(hex: string, where: string, { read }: ReadingFiles, decode: (bytes: Uint8Array) => T): T {
  const bytes = hexBytes(hex, where, read);
  try {
    return decode(bytes);
  } catch (fault) {
    throw fault instanceof InputError ? fault.within(where, ", ") : fault;
  }
}

function initramfsFiles(initramfs: BootDescription["initramfs"], reading: ReadingFiles): FilesOfInitramfs | null {
  if (initramfs === null) return null;
  if (typeof initramfs === "string")
    return archive(initramfs, "initramfs", reading, (bytes) => decodeInitramfs(bytes, reading.unpack));
  const files = Object.entries(initramfs).map(
    ([name, file]) => [name, bootFile(file, `initramfs.${name}`, reading.read)] as const,
  );
  return Object.fromEntries(files);
}

/** Of entries with one path the last one stays, as when an archive is unpacked; what is given by hand goes before it. */
function rootDisk({ tar, ...spec }: NonNullable<BootDescription["root"]>, reading: ReadingFiles): BootDisk {
  const disk = bootDisk(spec, "root", reading.read);
  if (tar === undefined) return disk;
  const files = new Map<string, DiskEntry>();
  const unpacked = (bytes: Uint8Array) => {
    const compression = compressionOf(bytes);
    return decodeTar((compression !== null && reading.unpack?.(compression, bytes)?.bytes) || bytes);
  };
  for (const entry of [...archive(tar, "root.tar", reading, unpacked), ...(disk.files ?? [])]) {
    // A directory stays where it was: what lies in it comes after it.
    if (entry.type !== "directory") files.delete(entry.path);
    files.set(entry.path, entry);
  }
  return { ...disk, files: [...files.values()] };
}

function simulationOptions(description: BootDescription, reading: ReadingFiles): BootSimulationOptions {
  const { initramfs, root, keys = [], policy, dracut, systemd, services } = description;
  const options = given({
    root: root && rootDisk(root, reading),
    policy,
    dracut,
    systemd,
    initramfsInit: description.initramfsInit && given(description.initramfsInit),
    init: description.init && given(description.init),
    services: services?.map((each) => given(each)),
  });
  return {
    ...kernelOptions(description.kernel),
    ...options,
    keys: keys.map((key, i) => hexBytes(key, `keys[${i}]`, reading.read)),
    initramfs: initramfsFiles(initramfs, reading),
  } as BootSimulationOptions;
}

/** What boot() calls the parts of a description. */
const PARTS = [
  ["files", "initramfs"],
  ["disks.root", "root"],
  // The first and only one has this name.
  ["disk sda", "root"],
  ["builtinKeys", "keys"],
] as const;

/** How files beside a description are got at. */
export interface ReadingFiles {
  /** Gives the bytes of `@file`. */
  readonly read?: FileReader;
  /** Unpacks archives, and the parts of an initramfs, that are compressed. */
  readonly unpack?: Unpack;
}

/**
 * Simulates the boot that is described.
 * @throws InputError for a description that no kernel could be booted with
 */
export function playBootDescription(description: BootDescription, reading: ReadingFiles = {}): BootSimulation {
  const options = simulationOptions(description, reading);
  try {
    return simulateBoot(options);
  } catch (fault) {
    if (!(fault instanceof InputError)) throw fault;
    throw placedIn(PARTS, fault);
  }
}
