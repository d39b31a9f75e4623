// The whole path: boot, opens, hashing, labels, and replays of recordings.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { boot, type Kernel, type Task } from "imasim";
import { parseDocument, replayTrace, type Trace, traceSchema } from "imasim/scenario";
import type { Suite } from "./suite.ts";

const FIRST = "test/traces/first";
const FOUR_K = new Uint8Array(4096).fill(7);
const ONE_M = new Uint8Array(1 << 20).fill(7);

function machine(cmdline: string): { kernel: Kernel; root: Task } {
  const kernel = boot({ release: "6.12", cmdline });
  kernel.mount("/mnt", { fstype: "ext4" });
  return { kernel, root: kernel.task({ uid: 0, comm: "bench" }) };
}

const bootSuite: Suite = {
  name: "boot",
  peer: "new Map of 1000",
  run(add) {
    add("boot 6.12", () => boot({ release: "6.12", cmdline: "ima_policy=tcb" }), { aim: 1000 });
    add("boot 6.1", () => boot({ release: "6.1", cmdline: "ima_policy=tcb" }), { aim: 1000 });
    add("new Map of 1000", () => new Map(Array.from({ length: 1000 }, (_, i) => [i, i])));
  },
};

const openSuite: Suite = {
  name: "open",
  peer: "sha256 of 4 KiB, node:crypto",
  run(add) {
    const { root } = machine("ima_policy=tcb");
    root.writeFile("/mnt/cached", "hello\n");
    root.readFile("/mnt/cached");
    const { sys } = root.process;
    add(
      "cached measured file, open and close",
      () => {
        const fd = sys.open("/mnt/cached", 0, 0);
        if (!fd.ok) throw new Error(fd.errno);
        return sys.close(fd.value);
      },
      { aim: 5 },
    );
    add("cached measured file, open, read and close", () => {
      const fd = sys.open("/mnt/cached", 0, 0);
      if (!fd.ok) throw new Error(fd.errno);
      sys.read(fd.value, 64);
      return sys.close(fd.value);
    });
    const appraised = machine("ima_policy=appraise_tcb ima_appraise=fix");
    appraised.root.writeFile("/mnt/cached", "hello\n");
    appraised.root.readFile("/mnt/cached");
    const decide = appraised.root.process.sys;
    add(
      "cached appraised file, open and close",
      () => {
        const fd = decide.open("/mnt/cached", 0, 0);
        if (!fd.ok) throw new Error(fd.errno);
        return decide.close(fd.value);
      },
      { aim: 5 },
    );
    const watched = machine("ima_policy=tcb");
    watched.root.writeFile("/mnt/cached", "hello\n");
    watched.root.readFile("/mnt/cached");
    let seen = 0;
    watched.kernel.watch(() => seen++);
    const observed = watched.root.process.sys;
    add("the same with an observer", () => {
      const fd = observed.open("/mnt/cached", 0, 0);
      if (!fd.ok) throw new Error(fd.errno);
      return observed.close(fd.value);
    });
    const free = machine("");
    free.root.writeFile("/mnt/cached", "hello\n");
    const unmeasured = free.root.process.sys;
    add("without a policy, open and close", () => {
      const fd = unmeasured.open("/mnt/cached", 0, 0);
      if (!fd.ok) throw new Error(fd.errno);
      return unmeasured.close(fd.value);
    });
    for (const [name, bytes] of [
      ["4 KiB", FOUR_K],
      ["1 MiB", ONE_M],
    ] as const) {
      const cold = machine("ima_policy=tcb");
      cold.root.writeFile("/mnt/cold", bytes);
      const calls = cold.root.process.sys;
      let now = 0;
      add(
        `cold open of ${name}`,
        () => {
          const fd = calls.open("/mnt/cold", 0, 0);
          if (!fd.ok) throw new Error(fd.errno);
          return calls.close(fd.value);
        },
        {
          bytes: bytes.length,
          before: () => {
            const fd = calls.open("/mnt/cold", 1, 0);
            if (!fd.ok) throw new Error(fd.errno);
            calls.pwrite(fd.value, Uint8Array.of(now++ & 255, (now >> 8) & 255, (now >> 16) & 255), 0);
            calls.close(fd.value);
          },
        },
      );
    }
    add("sha256 of 4 KiB, node:crypto", () => createHash("sha256").update(FOUR_K).digest(), { bytes: FOUR_K.length });
    add("sha256 of 1 MiB, node:crypto", () => createHash("sha256").update(ONE_M).digest(), { bytes: ONE_M.length });
  },
};

const xattrSuite: Suite = {
  name: "setxattr",
  peer: "Map.set",
  run(add) {
    const { root } = machine("ima_policy=appraise_tcb");
    root.writeFile("/mnt/f", "hello\n");
    const { sys } = root.process;
    const label = root.getxattr("/mnt/f", "security.ima");
    const target = { path: "/mnt/f", follow: true };
    add("setxattr security.ima", () => sys.setxattr(target, "security.ima", label, 0));
    add("setxattr user.note", () => sys.setxattr(target, "user.note", label, 0));
    const map = new Map<string, Uint8Array>();
    add("Map.set", () => map.set("security.ima", label));
  },
};

const replaySuite: Suite = {
  name: "replay",
  peer: "JSON.parse of all",
  run(add) {
    const texts = readdirSync(FIRST).map((name) => readFileSync(`${FIRST}/${name}`, "utf8"));
    const traces: Trace[] = texts.map((text, i) => parseDocument(text, traceSchema, String(i)));
    add("every trace in first", () => traces.map((trace) => replayTrace(trace).agreed));
    add("JSON.parse of all", () => texts.map((text) => JSON.parse(text) as unknown));
  },
};

export default [bootSuite, openSuite, xattrSuite, replaySuite];
