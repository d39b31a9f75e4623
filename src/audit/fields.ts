// The fields of an audit record's body: `name=value` parted by spaces (kernel/audit.c: audit_log_format and its callers write them).

export interface RawField {
  /** Without its `=`; a condition of a policy rule keeps its `<` or `>`. */
  readonly name: string;
  /** As written, quotes included. An empty name holds what is no field. */
  readonly raw: string;
}

/** A value runs to the next ` name=` (the cause `signed policy required` has spaces), a quoted one to its quote. */
const FIELD = /([A-Za-z_][\w-]*)([=<>])("[^"]*"|.*?)(?= [A-Za-z_][\w-]*[=<>]|$)/gsy;

export function splitFields(text: string): RawField[] {
  const body = text.trimEnd();
  const fields: RawField[] = [];
  let at = 0;
  for (;;) {
    while (body[at] === " ") at++;
    if (at >= body.length) return fields;
    FIELD.lastIndex = at;
    const found = FIELD.exec(body);
    if (found === null) return [...fields, { name: "", raw: body.slice(at) }];
    fields.push({ name: found[2] === "=" ? found[1]! : found[1]! + found[2]!, raw: found[3]!.trimEnd() });
    at = FIELD.lastIndex;
  }
}
