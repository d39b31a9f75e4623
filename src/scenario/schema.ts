// The documents: a scenario (kernel, disks, files, steps) and a trace (a scenario and what a kernel answered).
import { z } from "zod";
import { scenarioStepSchema, traceStepSchema } from "./step-schema.ts";

const int = z.number().int();
export const hexSchema = z.string().regex(/^(@.+|([0-9a-fA-F]{2})*)$/s, "neither hex digits nor @file");
const octal = z.string().regex(/^[0-7]{1,7}$/, "not an octal mode");

const fileFields = {
  text: z.string().optional(),
  hex: hexSchema.optional(),
  payload: z.string().optional().describe("A tiny ELF program: true, exit:N, pause, interp:/path"),
  pad: z.string().optional(),
  mode: octal.optional(),
  uid: int.min(0).optional(),
  gid: int.min(0).optional(),
};
/** Hex digits, `@file`, or an object. */
export const fileSchema = z.union([hexSchema, z.strictObject(fileFields)]);
const diskFileSchema = z.union([
  hexSchema,
  z.strictObject({
    ...fileFields,
    generation: int.min(0).optional(),
    xattrs: z.record(z.string(), hexSchema).optional().describe("xattrs by full name, in hex"),
  }),
]);

const uuid = z.string().regex(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, "not a UUID");

export const diskSchema = z.strictObject({
  fstype: z.string(),
  uuid: uuid.optional(),
  mkfs: z.string().optional().describe("Options for mkfs, such as -O verity"),
  size: z.number().positive().optional().describe("MiB"),
  files: z.record(z.string(), diskFileSchema).optional().describe("Written behind the back of EVM, from inode 12"),
});
export type DiskSpec = z.infer<typeof diskSchema>;
export type FileSpec = z.infer<typeof diskFileSchema>;

const configSchema = z
  .union([z.array(z.string()), z.record(z.string(), z.union([z.boolean(), z.string(), z.number()]))])
  .describe("Kconfig: lines of a .config (complete), or symbols that differ from imasim's defaults");

const tpmSchema = z.union([
  z.boolean(),
  z.strictObject({
    version: z.enum(["1.2", "2.0"]).optional(),
    banks: z.array(z.string()).min(1),
    pcrs: z.record(z.string(), z.record(z.string(), hexSchema)).optional().describe("Initial values: bank, index, hex"),
  }),
]);

export const kernelSchema = z.strictObject({
  release: z.string().optional().describe("6.12, 6.12.117, 6.1 …"),
  cmdline: z.string().optional(),
  config: configSchema.optional(),
  rootfs: z.enum(["tmpfs", "ramfs"]).optional(),
  lsm: z.string().optional(),
  secureBoot: z.boolean().optional(),
  tpm: tpmSchema.optional(),
  backend: z.string().optional(),
  modules: z
    .array(z.string())
    .optional()
    .describe(
      "Kernel modules that are loaded before the first step; test_firmware brings a device that loads firmware",
    ),
});

export const scenarioSchema = z.strictObject({
  $schema: z.string().optional(),
  name: z.string().optional(),
  about: z.string().optional(),
  kernel: kernelSchema.optional(),
  tpm: tpmSchema.optional(),
  keys: z.array(hexSchema).optional().describe("Certificates compiled into the kernel (DER)"),
  files: z.record(z.string(), fileSchema).optional().describe("Into the initramfs"),
  disks: z.record(z.string(), diskSchema).optional(),
  steps: z.array(scenarioStepSchema),
});
export type Scenario = z.infer<typeof scenarioSchema>;

const lines = z.array(z.string());
const resultSchema = z
  .looseObject({
    ret: z.number().optional(),
    errno: z.string().optional(),
    error: z.string().optional(),
    log: lines.optional(),
    measured: lines.optional(),
    ino: z.number().optional(),
    generation: z.number().optional(),
  })
  .nullable();

export const traceSchema = z.looseObject({
  name: z.string(),
  about: z.string().optional(),
  kernel: z.looseObject({
    backend: z.string().optional(),
    release: z.string(),
    machine: z.string().optional(),
    cmdline: z.string(),
    bootCmdline: z.string().optional(),
    rootfs: z.string(),
    lsm: z.string().optional(),
    tpm: z.boolean().optional(),
    config: z.array(z.string()),
  }),
  files: z.record(z.string(), fileSchema).optional(),
  disks: z.record(z.string(), diskSchema).optional(),
  boot: z.looseObject({ log: lines.optional(), measured: lines.optional() }),
  steps: z.array(traceStepSchema),
  results: z.array(resultSchema),
  incomplete: z.unknown().optional(),
});
export type Trace = z.infer<typeof traceSchema>;
export type TraceResult = NonNullable<Trace["results"][number]>;
