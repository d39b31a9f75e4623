// How code below the public edge answers: a value or an errno name, never an exception.
import type { Errno } from "./errno.ts";

export type Ok<T> = { readonly ok: true; readonly value: T };
export type Failure = { readonly ok: false; readonly errno: Errno };
/** The outcome of an operation that yields a value. */
export type Result<T> = Ok<T> | Failure;
/** The outcome of a check or a change without a value: null where it went through, else the errno. */
export type Denial = Errno | null;

export const ok = <T>(value: T): Ok<T> => ({ ok: true, value });
export const fail = (errno: Errno): Failure => ({ ok: false, errno });
