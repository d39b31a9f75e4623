// Decisions: from the cache, with and without an observer; labelling a file system in fix mode; what the cache of an inode weighs.

import { createHash } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type BootOptions, boot, type Kernel, type Task } from "imasim";
import type { Suite } from "./suite.ts";

type Disk = NonNullable<BootOptions["disks"]>[string];
type DiskFile = NonNullable<Extract<Disk, { fstype: string }>["files"]>[number];

const POLICY = "ima_policy=appraise_tcb";
const FILES = 100_000;
/** Files whose entry in the cache is weighed. */
const WEIGHED = 20_000;

function machine(cmdline: string): { kernel: Kernel; root: Task } {
  const kernel = boot({ release: "6.12", cmdline });
  kernel.mount("/mnt", { fstype: "ext4" });
  return { kernel, root: kernel.task({ comm: "bench" }) };
}

/** Opens and closes a file that has a verdict already. */
function opener(cmdline: string, prepare: (kernel: Kernel) => void = () => undefined): () => unknown {
  const { kernel, root } = machine(cmdline);
  root.writeFile("/mnt/f", "content\n");
  root.readFile("/mnt/f");
  prepare(kernel);
  const { sys } = root.process;
  return () => {
    const fd = sys.open("/mnt/f", 0, 0);
    if (!fd.ok) throw new Error(fd.errno);
    return sys.close(fd.value);
  };
}

/** What a decision costs is what an open costs more than without a policy. */
const cachedSuite: Suite = {
  name: "cached decision",
  peer: "open and close without a policy",
  run(add) {
    add("appraised, open and close", opener(`${POLICY} ima_appraise=enforce`), { aim: 2 });
    add("measured and appraised", opener(`${POLICY}|tcb ima_appraise=enforce`), { aim: 2 });
    let told = 0;
    add(
      "appraised, with an observer",
      opener(`${POLICY} ima_appraise=enforce`, (kernel) => kernel.watch(() => told++)),
    );
    add("open and close without a policy", opener(""));
  },
};

const pathOf = (i: number): string => `/mnt/${i}`;
const contentOf = (i: number): Uint8Array => new TextEncoder().encode(`content of ${i}\n`);

/** A disk full of files, with or without their labels, mounted under `cmdline`. */
function populated(count: number, labelled: boolean, cmdline: string): { kernel: Kernel; root: Task } {
  const label = (content: Uint8Array) => Uint8Array.of(4, 4, ...createHash("sha256").update(content).digest());
  const files: DiskFile[] = Array.from({ length: count }, (_, i) => {
    const bytes = contentOf(i);
    return { path: `/${i}`, bytes, xattrs: labelled ? [["security.ima", label(bytes)] as const] : [] };
  });
  const kernel = boot({ release: "6.12", cmdline, disks: { d: { fstype: "ext4", files } } });
  kernel.mount("/mnt", { fstype: "ext4", disk: "sda" });
  return { kernel, root: kernel.task({ comm: "bench" }) };
}

function openAll({ root }: { root: Task }, from: number, to: number): void {
  const { sys } = root.process;
  for (let i = from; i < to; i++) {
    const fd = sys.open(pathOf(i), 0, 0);
    if (!fd.ok) throw new Error(`${pathOf(i)}: ${fd.errno}`);
    sys.close(fd.value);
  }
}

const labelSuite: Suite = {
  name: "fix mode",
  peer: "100,000 x sha256, node:crypto",
  calls: 3,
  run(add, { once }) {
    const count = once ? 1000 : FILES;
    let full: { kernel: Kernel; root: Task } | null = null;
    add(
      "100,000 files, opened and labelled",
      () => {
        openAll(full!, 0, count);
        for (const i of [0, count - 1])
          if (full!.root.getxattr(pathOf(i), "security.ima").length !== 34) throw new Error("not labelled");
      },
      {
        before: () => {
          full = populated(count, false, `${POLICY} ima_appraise=fix`);
        },
      },
    );
    const contents = Array.from({ length: count }, (_, i) => contentOf(i));
    add("100,000 x sha256, node:crypto", () =>
      contents.map((content) => createHash("sha256").update(content).digest()),
    );
  },
};

/** Bytes on the heap that something still holds. */
function heap(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

const memorySuite: Suite = {
  name: "memory",
  run(add) {
    const made = populated(WEIGHED, true, `${POLICY} ima_appraise=enforce`);
    const { root } = made;
    const onDisk = heap();
    for (let i = 0; i < WEIGHED; i++) root.stat(pathOf(i));
    const known = heap();
    openAll(made, 0, WEIGHED);
    const cached = heap();
    const each = (from: number, to: number) => Math.round((to - from) / WEIGHED);
    console.log(
      `an inode in memory: ${each(onDisk, known)} bytes; its verdict and digest in the cache: ${each(known, cached)} bytes more`,
    );
    let at = 0;
    add("open one of 20,000 cached files", () => {
      at = (at + 1) % WEIGHED;
      openAll(made, at, at + 1);
    });
  },
};

export default [cachedSuite, labelSuite, memorySuite];
