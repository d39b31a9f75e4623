// How a step's fields become the arguments of system calls, with the driver's defaults.
import { hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { InputError } from "../errno/index.ts";
import { payload } from "./payload.ts";
import type { Step } from "./step-schema.ts";

/** Reads what `@file` names; given by whoever loads the document. */
export type FileReader = (name: string) => Uint8Array;

export function hexBytes(hex: string, where: string, read?: FileReader): Uint8Array {
  if (!hex.startsWith("@")) return hexToBytes(hex);
  if (read === undefined)
    throw new InputError("no-files", where, `'${hex}' names a file, and this document came without any`);
  return read(hex.slice(1));
}

interface BytesSource {
  readonly text?: unknown;
  readonly hex?: unknown;
  readonly payload?: unknown;
  readonly pad?: unknown;
}

/** The bytes that text, hex or payload stand for; undefined where none is given. */
export function bytesOf(source: BytesSource, where: string, read?: FileReader): Uint8Array | undefined {
  if (typeof source.hex === "string") return hexBytes(source.hex, where, read);
  if (typeof source.payload === "string")
    return payload(source.payload, typeof source.pad === "string" ? source.pad : "", where);
  if (typeof source.text === "string") return utf8ToBytes(source.text);
  return undefined;
}

/** One step with its fields typed: strtoll, strtol of octal, flag names. */
export class StepArguments {
  readonly step: Step;
  readonly where: string;
  readonly #read: FileReader | undefined;

  constructor(step: Step, where: string, read?: FileReader) {
    this.step = step;
    this.where = where;
    this.#read = read;
  }

  has(field: string): boolean {
    return this.step[field] !== undefined;
  }
  text(field: string): string | undefined {
    const value = this.step[field];
    return value === undefined ? undefined : String(value);
  }
  /** C notation: 0x…, leading 0 for octal. */
  int(field: string, fallback: number): number {
    const value = this.step[field];
    if (typeof value === "number") return value;
    if (typeof value !== "string" || value === "") return fallback;
    const m = /^([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|\d+)$/.exec(value);
    if (m === null) return fallback;
    const digits = m[2]!;
    const magnitude = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
    return m[1] === "-" ? -magnitude : magnitude;
  }
  octal(field: string, fallback: number): number {
    const value = this.step[field];
    return value === undefined ? fallback : Number.parseInt(String(value), 8);
  }
  truthy(field: string): boolean {
    const value = this.step[field];
    return (
      value === true ||
      (typeof value === "number" && value !== 0) ||
      (typeof value === "string" && value !== "" && value !== "0")
    );
  }
  names(field: string): readonly string[] | undefined {
    const value = this.step[field];
    if (value === undefined) return undefined;
    const list = Array.isArray(value) ? value.map(String) : String(value).split(/[,|]/);
    return list.flatMap((name) => name.split(/[,|]/)).filter((name) => name !== "");
  }
  /** Symbolic flags, numbers accepted; undefined where a name is unknown. */
  flags(field: string, table: Readonly<Record<string, number>>, fallback: number): number | undefined {
    const names = this.names(field);
    if (names === undefined) return fallback;
    let bits = 0;
    for (const name of names) {
      const bit = Object.hasOwn(table, name) ? table[name]! : /^\d/.test(name) ? Number(name) : undefined;
      if (bit === undefined || Number.isNaN(bit)) return undefined;
      bits |= bit;
    }
    return bits;
  }
  bytes(): Uint8Array | undefined {
    const { text, hex, payload: program, pad } = this.step as BytesSource & Step;
    return bytesOf({ text, hex, payload: program, pad }, this.where, this.#read);
  }
}
