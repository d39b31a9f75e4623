// Bytes that commands read and lines that they print.
import { existsSync, readFileSync } from "node:fs";
import { hexToBytes } from "@noble/hashes/utils.js";
import { InputError } from "../errno/index.ts";

/** A file's bytes; `-` is the standard input. @throws InputError `unreadable` */
export function readBytes(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file === "-" ? 0 : file));
  } catch (error) {
    // Node names the file in some of its messages and not in others: `EISDIR: illegal operation on a directory, read`.
    const reason = error instanceof Error ? /^\w+: ([^,]*)/.exec(error.message)?.[1] : undefined;
    throw new InputError("unreadable", file, reason ?? "cannot be read");
  }
}

/** A file's text, as UTF-8. @throws InputError `unreadable` */
export const readText = (file: string): string => new TextDecoder().decode(readBytes(file));

/** The bytes of hex digits, or of a file where there is one of that name. @throws InputError `bad-hex` for an odd number of digits. */
export function hexOrFile(argument: string): Uint8Array {
  const digits = argument.replace(/^0x/i, "");
  if (!/^[0-9a-f]+$/i.test(digits) || existsSync(argument)) return readBytes(argument);
  if (digits.length % 2 === 1) throw new InputError("bad-hex", argument.slice(0, 20), "an odd number of hex digits");
  return hexToBytes(digits);
}

export function print(text: string): void {
  process.stdout.write(text);
}

/** The command will end with this status. */
export function endWith(status: number): void {
  process.exitCode = status;
}
