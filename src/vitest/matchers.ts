// What the matchers decide and what they say when they fail. Nothing of vitest is loaded: only its types are extended.
import { bytesToHex } from "@noble/hashes/utils.js";
// The module that is extended below must be known to the compiler.
import type {} from "vitest";
import { type Errno, KernelError } from "../errno/index.ts";
import type { Attempt, Kernel, Task } from "../kernel/index.ts";
import { type MeasuredFile, measuredFiles } from "./measured-files.ts";

export interface DenialExpected {
  /** The kernel's word: `missing-hash`, `invalid-signature`, `no_label` … */
  readonly cause?: string;
  readonly errno?: Errno;
}

export interface MeasurementExpected {
  /** As the list has it: a kernel writes `_` for a space. */
  readonly path?: string;
  /** Hex digits, with `sha256:` before them where the algorithm matters. */
  readonly digest?: string;
}

/** A file as a process sees it. */
export interface FileOf {
  readonly task: Task;
  readonly path: string;
}

declare module "vitest" {
  interface Matchers<T> {
    /** A call, or what `kernel.attempt()` gave back, that the kernel refused. */
    toBeDenied(expected?: DenialExpected): T;
    /** A call, or what `kernel.attempt()` gave back, that the kernel let pass. */
    toBeAllowed(): T;
    /** A kernel whose measurement list has such an entry. */
    toBeMeasured(expected?: MeasurementExpected): T;
    /** `{ task, path }`: a file that has the xattr; `value` as bytes or hex digits. */
    toHaveXattr(name: string, value?: Uint8Array | string): T;
  }
}

interface Verdict {
  readonly pass: boolean;
  readonly message: () => string;
}

/** How a call ended. */
type Ending = { readonly value: unknown } | { readonly error: KernelError };

function isAttempt(received: unknown): received is Attempt<unknown> {
  if (typeof received !== "object" || received === null || !("ok" in received)) return false;
  return received.ok === true ? "value" in received : "error" in received && received.error instanceof KernelError;
}

/** @throws whatever a call throws that is no KernelError; TypeError where `received` is no call */
function endingOf(received: unknown, matcher: string): Ending {
  if (isAttempt(received)) return received.ok ? { value: received.value } : { error: received.error };
  if (typeof received !== "function")
    throw new TypeError(`${matcher} wants a function that makes the call, or what kernel.attempt() gave back`);
  try {
    return { value: received() };
  } catch (error) {
    if (error instanceof KernelError) return { error };
    throw error;
  }
}

const told = (error: KernelError): string =>
  error.explanation === undefined ? error.message : `${error.message}\n${error.explanation}`;

function denied({ cause, errno }: DenialExpected): string {
  const parts = [...(errno === undefined ? [] : [errno]), ...(cause === undefined ? [] : [`the cause '${cause}'`])];
  return parts.length === 0 ? "" : ` with ${parts.join(" and ")}`;
}

function toBeDenied(received: unknown, expected: DenialExpected = {}): Verdict {
  const ending = endingOf(received, "toBeDenied");
  if (!("error" in ending))
    return { pass: false, message: () => `expected the call to be denied${denied(expected)}, but it was allowed` };
  const { error } = ending;
  const pass =
    (expected.errno === undefined || error.code === expected.errno) &&
    (expected.cause === undefined || error.cause === expected.cause);
  const not = pass ? "not " : "";
  return {
    pass,
    message: () => `expected the call ${not}to be denied${denied(expected)}, but it was answered with\n${told(error)}`,
  };
}

function toBeAllowed(received: unknown): Verdict {
  const ending = endingOf(received, "toBeAllowed");
  if (!("error" in ending)) return { pass: true, message: () => "expected the call to be denied, but it was allowed" };
  const { error } = ending;
  return { pass: false, message: () => `expected the call to be allowed, but it was denied\n${told(error)}` };
}

const entryLine = ({ digest, path }: MeasuredFile): string => `  ${digest} ${path}`;

function toBeMeasured(received: unknown, expected: MeasurementExpected = {}): Verdict {
  const kernel = received as Kernel;
  if (kernel?.ima === undefined) throw new TypeError("toBeMeasured wants a kernel, as boot() gives one");
  const { path, digest } = expected;
  const entries = measuredFiles(kernel);
  const wanted = digest?.toLowerCase();
  const matching = entries.filter(
    (entry) =>
      (path === undefined || entry.path === path) &&
      (wanted === undefined || entry.digest === wanted || entry.digest.endsWith(`:${wanted}`)),
  );
  const what = [...(path === undefined ? [] : [path]), ...(digest === undefined ? [] : [`the digest ${digest}`])];
  const pass = matching.length > 0;
  const shown = pass ? matching : path === undefined ? entries : entries.filter((entry) => entry.path === path);
  const rest = shown.length > 0 ? shown : entries;
  return {
    pass,
    message: () =>
      `expected ${what.length === 0 ? "the list" : what.join(" with ")} ${pass ? "not " : ""}to be measured; ` +
      `${rest === entries ? "the whole list has" : "the list has"}\n${rest.map(entryLine).join("\n") || "  nothing"}`,
  };
}

function toHaveXattr(received: unknown, name: string, value?: Uint8Array | string): Verdict {
  const { task, path } = (received ?? {}) as Partial<FileOf>;
  if (task === undefined || path === undefined) throw new TypeError("toHaveXattr wants { task, path }");
  const wanted = value instanceof Uint8Array ? bytesToHex(value) : value?.toLowerCase();
  const told = `${path} to have ${name}${wanted === undefined ? "" : ` ${wanted}`}`;
  const found = task.kernel.attempt(() => task.getxattr(path, name));
  if (!found.ok) {
    // A file that cannot be asked has neither the xattr nor its absence.
    if (found.error.code !== "ENODATA") throw found.error;
    return { pass: false, message: () => `expected ${told}, but it has none` };
  }
  const hex = bytesToHex(found.value);
  const pass = wanted === undefined || hex === wanted;
  return {
    pass,
    message: () => `expected ${pass ? told.replace(" to have", " not to have") : told}, but it has ${hex}`,
  };
}

/** For `expect.extend(matchers)`. */
export const matchers = { toBeDenied, toBeAllowed, toBeMeasured, toHaveXattr };
