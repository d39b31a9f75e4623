// Attributes of devices and modules in sysfs: text of at most a page that a driver reads and writes (fs/sysfs/file.c; lib/kstrtox.c).
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { type Errno, fail, ok } from "../errno/index.ts";
import type { GeneratedFile, Subject } from "../vfs/index.ts";

const decoder = new TextDecoder();
const PAGE_SIZE = 4096;

/** One write hands over a page at most, nothing at all where it is empty, and a driver sees it up to a NUL. */
export function attribute(store: (text: string, task: Subject) => Errno | null, show?: () => string): GeneratedFile {
  return {
    ...(show !== undefined && { read: () => ok(utf8ToBytes(`${show()}\n`)) }),
    write(task, _file, given) {
      const bytes = given.subarray(0, PAGE_SIZE);
      if (bytes.length === 0) return ok(0);
      const end = bytes.indexOf(0);
      const refused = store(decoder.decode(end < 0 ? bytes : bytes.subarray(0, end)), task);
      return refused === null ? ok(bytes.length) : fail(refused);
    },
  };
}

/** kstrtobool: null for anything else. */
export function attributeBool(text: string): boolean | null {
  if (/^([yYtT1]|[oO][nN])/.test(text)) return true;
  return /^([nNfF0]|[oO][fF])/.test(text) ? false : null;
}

/** kstrtol and its kind, base 10: null for what is no number, or outside `least` to `most`. */
export function attributeNumber(text: string, least: number, most: number): number | null {
  if (!/^[+-]?\d+\n?$/.test(text)) return null;
  const number = Number(text);
  return number < least || number > most ? null : number;
}
