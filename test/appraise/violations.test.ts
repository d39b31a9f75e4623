// Violations, against a model of one page: every interleaving of opens and closes by two readers and two writers, eight events long.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { boot, type Kernel, type Task } from "../../src/index.ts";

const EVENTS = 8;
const FILE = "/mnt/f";

interface Actor {
  readonly flags: "O_RDONLY" | "O_WRONLY" | "O_RDWR";
  readonly uid: number;
}
const READER: Actor = { flags: "O_RDONLY", uid: 0 };
/** ima_policy=tcb measures what root reads. */
const UNMEASURED: Actor = { flags: "O_RDONLY", uid: 1000 };
const WRITER: Actor = { flags: "O_WRONLY", uid: 0 };
const BOTH: Actor = { flags: "O_RDWR", uid: 0 };

/** Which kernels tell each violation once a window: mainline 6.15, backported to 6.12.24. */
const LIMITED: Readonly<Record<string, boolean>> = {
  "6.1": false,
  "6.12.23": false,
  "6.12.24": true,
  "6.14": false,
  "6.15": true,
};

/** What is known of the file: who has it open, and which warnings are due. */
class Model {
  readonly open = new Set<number>();
  #measuredRead = false;
  #warnedOfWriters = false;
  readonly #limited: boolean;
  readonly #cast: readonly Actor[];

  constructor(cast: readonly Actor[], limited: boolean) {
    this.#cast = cast;
    this.#limited = limited;
  }

  #writes(actor: number): boolean {
    return this.#cast[actor]!.flags !== "O_RDONLY";
  }
  #count(writing: boolean): number {
    return [...this.open].filter((actor) => this.#writes(actor) === writing).length;
  }

  /** Opens or closes for an actor. @returns the violation that is told */
  toggle(actor: number): "ToMToU" | "open_writers" | null {
    if (this.open.delete(actor)) {
      if (this.#writes(actor) && this.#count(true) === 0) this.#warnedOfWriters = false;
      return null;
    }
    const others = { readers: this.#count(false), writers: this.#count(true) };
    this.open.add(actor);
    if (this.#writes(actor)) {
      if (others.readers === 0 || !this.#measuredRead) return null;
      if (this.#limited) this.#measuredRead = false;
      return "ToMToU";
    }
    if (this.#cast[actor]!.uid !== 0) return null;
    this.#measuredRead = true;
    if (others.writers === 0 || (this.#limited && this.#warnedOfWriters)) return null;
    this.#warnedOfWriters = true;
    return "open_writers";
  }
}

/** All sequences of `length` actors; of two alike only the first one may act first, for the other half are their mirror images. */
function* sequences(
  cast: readonly Actor[],
  length: number,
  before: readonly number[] = [],
): Generator<readonly number[]> {
  if (before.length === length) {
    yield before;
    return;
  }
  for (let actor = 0; actor < cast.length; actor++)
    if (cast.every((other, i) => i >= actor || other !== cast[actor] || before.includes(i)))
      yield* sequences(cast, length, [...before, actor]);
}

function machine(release: string, banks: readonly string[]): { kernel: Kernel; root: Task } {
  const kernel = boot({ release, cmdline: "ima_policy=tcb", tpm: { banks } });
  kernel.mount("/mnt", { fstype: "ext4" });
  return { kernel, root: kernel.task({ comm: "root", umask: 0 }) };
}

const ZEROS = "0".repeat(40);
const CAUSE = /cause="?(ToMToU|open_writers)/;

/** Violations among the lines of the list and the records from a position on. */
function listed(kernel: Kernel, from: number): number {
  return kernel
    .measuredLines()
    .slice(from)
    .filter((line) => line.split(" ")[1] === ZEROS).length;
}

function play(release: string, cast: readonly Actor[], length: number): number {
  const { kernel, root } = machine(release, length === EVENTS ? ["sha1"] : ["sha1", "sha256"]);
  const tasks = cast.map(({ uid }, i) => kernel.task({ uid, comm: `actor${i}` }));
  let expected = 0;
  let seenRecords = 0;
  for (const sequence of sequences(cast, length)) {
    const model = new Model(cast, LIMITED[release]!);
    root.writeFile(FILE, "content");
    const descriptors: number[] = [];
    for (const [at, actor] of sequence.entries()) {
      const linesBefore = kernel.measuredLines().length;
      const recordsBefore = kernel.log.lines.length;
      const { flags } = cast[actor]!;
      if (model.open.has(actor)) tasks[actor]!.close(descriptors[actor]!);
      else {
        descriptors[actor] = tasks[actor]!.open(FILE, flags);
        if (flags !== "O_RDONLY") tasks[actor]!.write(descriptors[actor]!, String(at));
      }
      const violation = model.toggle(actor);
      const told = kernel.log.lines.slice(recordsBefore).map((line) => CAUSE.exec(line.text)?.[1]);
      const zeros = listed(kernel, linesBefore);
      if (zeros !== (violation === null ? 0 : 1) || told.join() !== (violation ?? ""))
        expect({ sequence: sequence.slice(0, at + 1), told, zeros }).toEqual({ sequence, told: violation, zeros: 1 });
      if (violation !== null) expected++;
      seenRecords += told.length;
    }
    for (const actor of model.open) tasks[actor]!.close(descriptors[actor]!);
    root.unlink(FILE);
  }
  expect(seenRecords).toBe(expected);
  expect(kernel.securityfs.read("ima/violations")).toBe(`${expected}\n`);
  expect(listed(kernel, 0)).toBe(expected);
  expectPcrs(kernel);
  return expected;
}

/** The PCR of each bank is what the list extends it to, where a violation extends it with ones. */
function expectPcrs(kernel: Kernel): void {
  const perBank = kernel.release.atLeast("6.10");
  for (const { name: bank, size } of kernel.tpm!.banks.slice(0, perBank ? undefined : 1)) {
    const name = perBank ? `_${bank}` : "";
    let pcr: Uint8Array = new Uint8Array(size);
    for (const line of kernel.securityfs.read(`ima/ascii_runtime_measurements${name}`).trimEnd().split("\n")) {
      const digest = Buffer.from(line.split(" ")[1]!, "hex");
      const extended = digest.every((byte) => byte === 0) ? new Uint8Array(size).fill(0xff) : digest;
      pcr = createHash(bank).update(pcr).update(extended).digest();
    }
    expect(Buffer.from(kernel.tpm!.pcr(bank, 10)).toString("hex")).toBe(Buffer.from(pcr).toString("hex"));
  }
}

describe("two readers and two writers", () => {
  const cast = [READER, READER, WRITER, WRITER];
  it.each(["6.12.23", "6.12.24"])("on %s", (release) => {
    expect(play(release, cast, EVENTS)).toBeGreaterThan(10_000);
  });
  it.each(["6.1", "6.14", "6.15"])("on %s, in short", (release) => {
    expect(play(release, cast, EVENTS - 3)).toBeGreaterThan(100);
  });
});

describe("one of the readers is not measured, one of the writers reads", () => {
  const cast = [READER, UNMEASURED, WRITER, BOTH];
  it.each(["6.12.23", "6.12.24"])("on %s", (release) => {
    expect(play(release, cast, EVENTS - 2)).toBeGreaterThan(1000);
  });
});

it("the limit tells less, never something else", () => {
  const told = (release: string) => play(release, [READER, READER, WRITER, WRITER], 6);
  expect(told("6.15")).toBeLessThan(told("6.14"));
  expect(told("6.12.24")).toBe(told("6.15"));
});
