// Conditions that cannot be met, that the kernel does not look at, or that have better names.
import { RULE_FLAG } from "../actions.ts";
import { CONDITION, LABEL_KINDS, maskText } from "../conditions.ts";
import type { PolicyDiagnostic } from "../diagnostic.ts";
import { emptyDimension, HOOK_EVENTS } from "../domain.ts";
import { FUNC, FUNCS, funcName } from "../funcs.ts";
import { behaves } from "../grammar.ts";
import { fileSystemNamed, fileSystemOf } from "../magic.ts";
import { splitToken, tokenise } from "../parse-rule.ts";
import { has, hasDeadLabel } from "../rule.ts";
import { finding, type LintSubject, type RuleLine } from "./finding.ts";

export function* conditionFindings(subject: LintSubject): Generator<PolicyDiagnostic> {
  for (const line of subject.rules) {
    yield* neverMatches(line);
    yield* unknownFileSystem(line);
    yield* ignored(line, subject);
    yield* aliases(line, subject);
  }
}

function* neverMatches(line: RuleLine): Generator<PolicyDiagnostic> {
  const { rule, domain } = line;
  if (hasDeadLabel(rule))
    return yield finding("never-matches", line, "the security module does not know one of its labels");
  const empty = emptyDimension(domain);
  if (empty === "events") {
    const asked = HOOK_EVENTS.filter((event) => event.func === rule.func).map((event) => maskText(event.mask));
    const message = `${funcName(rule.func)} never asks with such a mask; it asks with ${asked.join(", ")}`;
    return yield finding("mask-never-occurs", line, message.replace("NONE never", "no hook ever"), { token: "mask=" });
  }
  if (empty !== null) return yield finding("never-matches", line, `no ${empty} meets its condition`, { token: empty });
  const contradiction = contradictoryFileSystem(line);
  if (contradiction !== null) yield finding("never-matches", line, contradiction);
}

/** A type and a magic number of different file systems, or a UUID that the file system does not have. */
function contradictoryFileSystem({ rule }: RuleLine): string | null {
  const byName = rule.fsname === null ? undefined : fileSystemNamed(rule.fsname);
  const byMagic = has(rule, CONDITION.FSMAGIC) ? fileSystemOf(rule.magic) : undefined;
  if (byName !== undefined && has(rule, CONDITION.FSMAGIC) && rule.magic !== byName.magic)
    return `${rule.fsname} has the magic number 0x${byName.magic.toString(16)}, not 0x${rule.fsmagic.toString(16)}`;
  const kind = (byMagic ?? byName)?.kind;
  if (rule.fsuuid === null || kind === undefined) return null;
  const zero = rule.fsuuid.every((byte) => byte === 0);
  if (kind === "disk" && zero) return "a file system on a disk has a UUID other than zero";
  if (kind === "pseudo" && !zero) return "a pseudo file system has no UUID";
  return null;
}

function* unknownFileSystem(line: RuleLine): Generator<PolicyDiagnostic> {
  const { rule } = line;
  if (has(rule, CONDITION.FSMAGIC) && fileSystemOf(rule.magic) === undefined) {
    const message = `no file system known here has the magic number 0x${rule.fsmagic.toString(16)}`;
    yield finding("unknown-file-system", line, message, { token: "fsmagic=" });
  }
}

function* ignored(line: RuleLine, { policy }: LintSubject): Generator<PolicyDiagnostic> {
  const { rule } = line;
  const buffer = rule.func === FUNC.KEY_CHECK || rule.func === FUNC.CRITICAL_DATA;
  if (buffer && has(rule, CONDITION.GID))
    yield finding("ignored-condition", line, `${funcName(rule.func)} rules do not look at the group`, { token: "gid" });
  if (rule.func === FUNC.SETXATTR_CHECK && rule.labels !== null) {
    const kind = LABEL_KINDS[rule.labels.findIndex((label) => label !== null)];
    yield finding("ignored-condition", line, "SETXATTR_CHECK rules do not look at labels", { token: `${kind}=` });
  }
  const flag = tokenise(line.text).find((token) => splitToken(token.text).keyword === "appraise_flag");
  if (flag !== undefined && behaves(policy.target.release, "blacklist-implied")) {
    const message = "appraise_flag= means nothing any more: every appraise_type= checks the blacklist";
    yield finding("ignored-condition", line, message, { token: "appraise_flag=" });
  }
  if (has(rule, RULE_FLAG.PERMIT_DIRECTIO) && (rule.mask & 1) !== 0 && has(rule, CONDITION.MASK)) {
    const message = "programs are not opened for direct I/O, so permit_directio has no use here";
    yield finding("ignored-condition", line, message, { token: "permit_directio" });
  }
}

function* aliases(line: RuleLine, { policy }: LintSubject): Generator<PolicyDiagnostic> {
  for (const { text } of tokenise(line.text)) {
    const { keyword, value } = splitToken(text);
    const row = keyword === "func" ? FUNCS.find((f) => f.aliases?.includes(value)) : undefined;
    if (row === undefined) continue;
    const message = `${value} is the old name of ${row.name}, as ${policy.target.release} shows it`;
    yield finding("deprecated-alias", line, message, { token: text, replacement: `func=${row.name}` });
  }
}
