// What an inspection collects: fields with their bytes, and faults with their place; and how it is printed.
import { bytesToHex } from "@noble/hashes/utils.js";

/** Some bytes and what they are. */
export interface InspectedField {
  readonly at: number;
  readonly length: number;
  readonly name: string;
  /** What the bytes say, for a person. */
  readonly value: string;
}

/** Something that the kernel would not take, or not as it was meant. */
export interface InspectedFault {
  /** A stable word. */
  readonly code: string;
  /** The byte where it shows. */
  readonly at: number;
  readonly message: string;
}

export interface Inspection {
  readonly kind: string;
  readonly length: number;
  readonly fields: readonly InspectedField[];
  readonly faults: readonly InspectedFault[];
}

export class Findings {
  readonly bytes: Uint8Array;
  readonly #fields: InspectedField[] = [];
  readonly #faults: InspectedFault[] = [];

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Adds a field; one that begins or ends beyond the bytes is cut. */
  field(at: number, length: number, name: string, value?: string): void {
    const start = Math.min(at, this.bytes.length);
    const part = this.bytes.subarray(start, start + length);
    if (part.length > 0) this.#fields.push({ at: start, length: part.length, name, value: value ?? bytesToHex(part) });
  }

  fault(code: string, at: number, message: string): void {
    this.#faults.push({ code, at, message });
  }

  inspection(kind: string): Inspection {
    return { kind, length: this.bytes.length, fields: this.#fields, faults: this.#faults };
  }
}

/** Fields with more hex digits than the longest digest has are printed so far. */
const LONGEST = 128;
const SHOWN = 32;

/** The inspection as lines: byte range, name, bytes, meaning; then the faults. */
export function renderInspection(inspection: Inspection, bytes: Uint8Array): string {
  const lines = [`${inspection.kind}, ${inspection.length} bytes`];
  const width = Math.max(0, ...inspection.fields.map(({ name }) => name.length));
  for (const { at, length, name, value } of inspection.fields) {
    const range = length === 1 ? `${at}` : `${at}-${at + length - 1}`;
    const hex = bytesToHex(bytes.subarray(at, at + length));
    const shown = hex.length > LONGEST ? `${hex.slice(0, SHOWN)}…` : hex;
    lines.push(`  ${range.padStart(9)}  ${name.padEnd(width)}  ${shown}${value === hex ? "" : `  ${value}`}`);
  }
  for (const { at, code, message } of inspection.faults) lines.push(`  wrong at byte ${at}: ${message} [${code}]`);
  return `${lines.join("\n")}\n`;
}
