// Template names as a log spells them, looked up without making strings: entries of one template follow each other.
import { ALL_TEMPLATES, lookupTemplate, namelessTemplate, type TemplateDescriptor } from "../template.ts";

/** Longer than any name of a kernel: 15 fields of 16 bytes. */
export const MAX_TITLE = 15 * 17;
/** Log entries name few templates; a log that names more than this was not written by a kernel. */
const MAX_KNOWN = 64;

const utf8 = new TextDecoder();

export class TemplateNames {
  readonly #known: { readonly title: Uint8Array; readonly template: TemplateDescriptor }[] = [];
  #last = 0;

  /** The template named by the bytes from `start` to `end`: built in somewhere, or the format of a nameless one; else null. */
  find(bytes: Uint8Array, start: number, end: number): TemplateDescriptor | null {
    const last = this.#known[this.#last];
    if (last !== undefined && equals(last.title, bytes, start, end)) return last.template;
    for (let i = 0; i < this.#known.length; i++) {
      if (!equals(this.#known[i]!.title, bytes, start, end)) continue;
      this.#last = i;
      return this.#known[i]!.template;
    }
    const title = utf8.decode(bytes.subarray(start, end));
    // A list shows the format only of a nameless template, even where a built-in one has the same.
    const named = lookupTemplate(title);
    const template = named?.name === title ? named : namelessTemplate(title);
    if (template.problem !== null) return null;
    if (this.#known.length < MAX_KNOWN) {
      this.#last = this.#known.length;
      this.#known.push({ title: bytes.slice(start, end), template });
    }
    return template;
  }
}

function equals(title: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (title.length !== end - start) return false;
  for (let i = 0; i < title.length; i++) if (title[i] !== bytes[start + i]) return false;
  return true;
}

/** Any template: what a record holds before its first entry is read. */
export const ANY_TEMPLATE: TemplateDescriptor = ALL_TEMPLATES[0]!;
