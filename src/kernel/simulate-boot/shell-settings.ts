// What the hooks of an initramfs, which are scripts of one shell, know: variables that files with settings assign, and parameters of the command line.
import type { Process } from "../process.ts";
import { isFile, isThere, readAll } from "./files.ts";

const utf8 = new TextDecoder();

/** A file says more than is understood here: only a shell could follow it. */
export class OnlyShell extends Error {}

export class ShellSettings {
  readonly #process: Process;
  readonly #variables = new Map<string, string>();

  constructor(process: Process) {
    this.#process = process;
  }

  /** A variable; empty where nobody assigned it. */
  get(name: string): string {
    return this.#variables.get(name) ?? "";
  }
  set(name: string, value: string): void {
    this.#variables.set(name, value);
  }

  /** Takes in the assignments of a file, where there is one. @throws OnlyShell for anything else that it holds */
  source(path: string): void {
    if (!isFile(this.#process, path)) return;
    const content = readAll(this.#process, path);
    // A shell that cannot read what it sources goes on, or ends: that depends on the shell.
    if (!content.ok) throw new OnlyShell(`${path} cannot be read: ${content.errno}`);
    for (const line of utf8.decode(content.value).split("\n")) {
      if (/^\s*(#.*)?$/.test(line)) continue;
      const match = ASSIGNMENT.exec(line);
      if (match === null) throw new OnlyShell(`${path} holds more than assignments`);
      this.set(match[1]!, match[2] ?? match[3] ?? match[4] ?? "");
    }
  }

  /** `variable` as a parameter gives it (dracut-lib.sh: getarg): the last one counts; without a value it is empty, with an empty value it is none. */
  override(variable: string, parameter: string): void {
    let value: string | undefined;
    for (const word of this.#commandLine().split(/\s+/)) {
      const [name, ...rest] = word.split("=");
      if (name === parameter) value = rest.length === 0 ? "" : rest.join("=") || undefined;
    }
    if (value !== undefined) this.set(variable, value);
  }

  /** What the initramfs brings along stands before what the kernel was given (dracut-lib.sh: getcmdline). */
  #commandLine(): string {
    const { kernel, sys } = this.#process;
    const names = sys.readdir("/etc/cmdline.d");
    const files = (names.ok ? [...names.value].sort() : [])
      .filter((name) => name.endsWith(".conf") && !name.startsWith("."))
      .map((name) => `/etc/cmdline.d/${name}`);
    const given = [...files, "/etc/cmdline"]
      .filter((path) => isThere(this.#process, path))
      .map((path) => {
        const text = readAll(this.#process, path);
        return text.ok ? utf8.decode(text.value) : "";
      });
    return [...given, kernel.cmdline].join(" ");
  }
}

const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(?:"([^"$`\\]*)"|'([^']*)'|([^\s"'$`\\;&|()]*))\s*(?:#.*)?$/;
