// Attacks whose steps mean something together alone: names of open files, of mappings and of keys lead from one to the next.
import fc from "fast-check";
import type { Step } from "../scenario/step-schema.ts";
import { CERTIFICATE, SIGNATURES } from "./attackers-key.ts";
import { bytesOf, HOSTILE, hashLabel } from "./content.ts";
import { acting, anyMount, EXEMPT, HANDLE, type OperationOptions } from "./operations.ts";

const MAPPING = "m";
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

/** A mapping that becomes executable later: open, mmap, mprotect of one file. */
const lateMapping = (path: string): Step[] => [
  { op: "open", path, flags: "O_RDONLY", fd: HANDLE },
  { op: "mmap", fd: HANDLE, map: MAPPING, prot: ["PROT_READ"] },
  { op: "mprotect", map: MAPPING, prot: ["PROT_READ", "PROT_EXEC"] },
];

/** A program that is named by a descriptor. */
const byDescriptor = (path: string): Step[] => [
  { op: "open", path, flags: "O_RDONLY", fd: HANDLE },
  { op: "exec", fd: HANDLE },
];

/** A program in memory alone, which no mount shows. */
const inMemory = (content: (typeof HOSTILE)[number]): Step[] => [
  { op: "memfd", name: "a", fd: HANDLE },
  { op: "write", fd: HANDLE, ...content },
  { op: "exec", fd: HANDLE },
];

/** A file that is written before it has a name. */
const namedLate = (path: string, content: (typeof HOSTILE)[number]): Step[] => [
  { op: "open", path: folderOf(path), flags: ["O_TMPFILE", "O_WRONLY"], mode: "755", fd: HANDLE },
  { op: "write", fd: HANDLE, ...content },
  { op: "linkat", fd: HANDLE, path },
  { op: "close", fd: HANDLE },
];

/** The last write to the open file that step `i` uses, and what opened it. */
function writtenBefore(attack: readonly Step[], i: number, opener: Step["op"]): { open: number; write: number } | null {
  const write = attack.findLastIndex(({ op }, j) => j < i && op === "write");
  const open = attack.findLastIndex(({ op }, j) => j < write && op === opener);
  return open < 0 ? null : { open, write };
}

/** The attack with `plain` in the place of step `i`, without the steps that led to it. */
const instead = (attack: readonly Step[], i: number, plain: readonly Step[], without: readonly number[]): Step[] =>
  attack.flatMap((step, j) => (j === i ? plain : without.includes(j) ? [] : [step]));

/** A program that step `i` runs by a descriptor, run by its path. */
function byPath(attack: readonly Step[], i: number): Step[][] {
  const { fd, ...exec } = attack[i]!;
  const open = attack.findLastIndex(({ op }, j) => j < i && op === "open");
  if (exec.op !== "exec" || fd === undefined || open < 0) return [];
  return [instead(attack, i, [{ ...exec, op: "exec", path: attack[open]!["path"] }], [open])];
}

/** The attack without the mount that is its step `i`; what it does there it does to `path`. */
function elsewhere(attack: readonly Step[], i: number, path: string): Step[] {
  const under = `${attack[i]!["path"]}/`;
  const rest = attack.filter((_, j) => j !== i);
  return rest.map((step) => (String(step["path"]).startsWith(under) ? { ...step, path } : step));
}

/**
 * The same attacks with fewer steps: a file that is written before it has a name, or that never has one, is written under a name instead; one on a file
 * system that the attacker mounts, elsewhere.
 * @param paths where it might lie instead
 */
export function plainer(attack: readonly Step[], paths: readonly string[]): Step[][] {
  return attack.flatMap((step, i) => {
    if (step.op === "mount") return paths.map((path) => elsewhere(attack, i, path));
    const hidden = step.op === "linkat" ? "open" : step.op === "exec" && step["fd"] !== undefined ? "memfd" : null;
    const found = hidden === null ? null : writtenBefore(attack, i, hidden);
    if (found === null) return byPath(attack, i);
    const { fd: _, ...content } = attack[found.write]!;
    const named = (path: unknown): Step => ({ ...content, op: "writefile", path, mode: "755" });
    const without = [found.open, found.write];
    if (step.op === "linkat") return [instead(attack, i, [named(step["path"])], without)];
    const { fd: __, ...exec } = step;
    return paths.map((path) => instead(attack, i, [named(path), { ...exec, op: "exec", path }], without));
  });
}

/** Content with a label: the hash that is right for it, or what an LSM would take for an excuse. */
const labelled = (path: string, content: (typeof HOSTILE)[number]): fc.Arbitrary<Step[]> =>
  fc
    .constantFrom<Step>(
      { op: "setxattr", path, name: "security.ima", hex: hashLabel(bytesOf(content)) },
      { op: "setxattr", path, name: "security.SMACK64", text: EXEMPT },
    )
    .map((label) => [{ op: "writefile", path, mode: "755", ...content }, label]);

/** A file on a file system of the attacker's choice. */
const mounted = (mount: Step, content: (typeof HOSTILE)[number]): Step[] => [
  mount,
  { op: "writefile", path: `${mount["path"]}/a`, mode: "755", ...content },
  { op: "exec", path: `${mount["path"]}/a` },
];

/** Content that is signed, with a key that the attacker adds where he may. */
const signed = (path: string, keyring: string, which: number): Step[] => [
  { op: "addkey", type: "asymmetric", description: "", keyring, hex: CERTIFICATE },
  { op: "writefile", path, mode: "755", ...HOSTILE[which]! },
  { op: "setxattr", path, name: "security.ima", hex: SIGNATURES[which]! },
];

/** One of these attacks, of two to four steps. */
export function anySequence({ paths, as }: OperationOptions): fc.Arbitrary<Step[]> {
  const path = fc.constantFrom(...paths);
  const content = fc.constantFrom(...HOSTILE);
  const keyring = fc.constantFrom(".ima", "_ima");
  const sequences = fc.oneof(
    { weight: 2, arbitrary: path.map(lateMapping) },
    path.map(byDescriptor),
    content.map(inMemory),
    fc.tuple(path, content).map(([to, bytes]) => namedLate(to, bytes)),
    fc.tuple(path, content).chain(([to, bytes]) => labelled(to, bytes)),
    fc.tuple(anyMount(), content).map(([mount, bytes]) => mounted(mount, bytes)),
    fc.tuple(path, keyring, fc.nat({ max: HOSTILE.length - 1 })).map(([to, ring, which]) => signed(to, ring, which)),
  );
  return sequences.chain((steps) =>
    as === undefined ? fc.constant(steps) : fc.tuple(...steps.map((step) => acting(fc.constant(step), as))),
  );
}
