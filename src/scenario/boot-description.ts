// A whole boot as a document: the kernel, what the initramfs and the root hold, the policy, and what is started.
import { z } from "zod";
import { InputError } from "../errno/index.ts";
import { type BootSimulation, type BootSimulationOptions, simulateBoot } from "../kernel/index.ts";
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
    .record(path, fileSchema)
    .nullable()
    .describe("Its files by path; cpio carries no xattrs. null: the kernel mounts the root itself"),
  root: diskSchema
    .omit({ mkfs: true, size: true })
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

function simulationOptions(description: BootDescription, read?: FileReader): BootSimulationOptions {
  const { initramfs, root, keys = [], policy, dracut, systemd, services } = description;
  const files = Object.entries(initramfs ?? {}).map(
    ([name, file]) => [name, bootFile(file, `initramfs.${name}`, read)] as const,
  );
  const options = given({
    root: root && bootDisk(root, "root", read),
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
    keys: keys.map((key, i) => hexBytes(key, `keys[${i}]`, read)),
    initramfs: initramfs === null ? null : Object.fromEntries(files),
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

/**
 * Simulates the boot that is described.
 * @param read gives the bytes of `@file`
 * @throws InputError for a description that no kernel could be booted with
 */
export function playBootDescription(description: BootDescription, read?: FileReader): BootSimulation {
  const options = simulationOptions(description, read);
  try {
    return simulateBoot(options);
  } catch (fault) {
    if (!(fault instanceof InputError)) throw fault;
    throw placedIn(PARTS, fault);
  }
}
