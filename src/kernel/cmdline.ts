// The kernel command line (lib/cmdline.c: next_arg; lib/params: parameqn): an ordered list of parameters.

export interface Parameter {
  /** As written; compare with `sameParameter`. */
  readonly name: string;
  /** Undefined where there is no `=`. */
  readonly value: string | undefined;
}

/** Splits at spaces outside double quotes; quotes around a value or a whole parameter fall away; what follows `--` is for init. */
export function parseCommandLine(text: string): Parameter[] {
  const out: Parameter[] = [];
  let at = 0;
  const space = (c: string | undefined) =>
    c === " " || c === "\t" || c === "\n" || c === "\v" || c === "\f" || c === "\r" || c === "\u00a0";
  while (at < text.length) {
    while (space(text[at])) at++;
    if (at >= text.length) break;
    const wholeQuoted = text[at] === '"';
    let quoted = wholeQuoted;
    const start = wholeQuoted ? at + 1 : at;
    let equals = -1;
    let end = start;
    for (; end < text.length; end++) {
      const c = text[end]!;
      if (space(c) && !quoted) break;
      if (equals < 0 && c === "=") equals = end;
      if (c === '"') quoted = !quoted;
    }
    at = end;
    let last = end;
    let name: string;
    let value: string | undefined;
    if (equals < 0) {
      if (wholeQuoted && text[last - 1] === '"') last--;
      name = text.slice(start, last);
    } else {
      name = text.slice(start, equals);
      let from = equals + 1;
      if (text[from] === '"') {
        from++;
        if (last > from && text[last - 1] === '"') last--;
      }
      if (wholeQuoted && last > from && text[last - 1] === '"') last--;
      value = text.slice(from, last);
    }
    if (name === "--" && value === undefined) break;
    out.push({ name, value });
  }
  return out;
}

/** parameq: a dash and an underscore are the same. */
export function sameParameter(written: string, known: string): boolean {
  return written.replaceAll("-", "_") === known;
}

/** The values of one parameter, in order. */
export function valuesOf(parameters: readonly Parameter[], name: string): (string | undefined)[] {
  return parameters.filter((p) => sameParameter(p.name, name)).map((p) => p.value);
}

/** kstrtoul with base 0: decimal, 0x…, 0… octal; null for anything else, and for what does not fit into 64 bits. */
export function integerValue(text: string): number | null {
  const m = /^\+?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)\n?$/.exec(text);
  if (m === null) return null;
  const value = BigInt(/^0[0-7]+$/.test(m[1]!) ? `0o${m[1]}` : m[1]!);
  return value < 2n ** 64n ? Number(value) : null;
}
