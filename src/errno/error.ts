// The exception at the public edge, in the manner of Node's fs: `code` is the errno name.
import { ERRNO, type Errno } from "./errno.ts";

export interface KernelErrorDetails<D> {
  readonly syscall: string;
  readonly path?: string | undefined;
  /** What refused it, in the kernel's own word where there is one: `missing-hash`, `invalid-HMAC`. */
  readonly cause?: string | undefined;
  readonly decision?: D | undefined;
  /** Tells in words what refused it and what would change that. */
  readonly explain?: (() => string | undefined) | undefined;
}

/** A system call that failed. `D` is the decision record of the module that refused it, where one did. */
export class KernelError<D = unknown> extends Error {
  override readonly name = "KernelError";
  readonly code: Errno;
  /** The negative errno, as Node has it. */
  readonly errno: number;
  readonly syscall: string;
  readonly path: string | undefined;
  override readonly cause: string | undefined;
  readonly decision: D | undefined;
  readonly #explain: (() => string | undefined) | undefined;

  constructor(code: Errno, details: KernelErrorDetails<D>) {
    const { syscall, path, cause, decision, explain } = details;
    super(`${code}: ${syscall}${path === undefined ? "" : ` '${path}'`}${cause === undefined ? "" : ` (${cause})`}`);
    this.code = code;
    this.errno = -ERRNO[code];
    this.syscall = syscall;
    this.path = path;
    this.cause = cause;
    this.decision = decision;
    this.#explain = explain;
  }

  /** What refused it and what would change that, in plain words; undefined where it was not a matter of integrity. */
  get explanation(): string | undefined {
    return this.#explain?.();
  }
}

/** The kernel stopped: nothing that was in flight came to an end, and nothing comes after it. */
export class KernelPanic extends Error {
  override readonly name = "KernelPanic";
}

/** Input from outside that cannot be used: what was read, where in it, and why. */
export class InputError extends Error {
  override readonly name = "InputError";
  /** A stable, searchable word for the kind of fault, such as `bad-release`. */
  readonly code: string;
  /** Where: a file name, a JSON path, `line 3, column 7`, `byte 12`. */
  readonly where: string;
  readonly why: string;

  constructor(code: string, where: string, why: string) {
    super(where === "" ? why : `${where}: ${why}`);
    this.code = code;
    this.where = where;
    this.why = why;
  }

  /** The same fault seen from outside: `place` is where the document is that `where` is in. */
  within(place: string, separator = ": "): InputError {
    return new InputError(this.code, this.where === "" ? place : `${place}${separator}${this.where}`, this.why);
  }
}
