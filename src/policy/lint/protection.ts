// Whether the policy as a whole protects what it sets out to protect, and leaves the machine usable.
import { ACTION, RULE_FLAG } from "../actions.ts";
import { NOT_APPRAISED, NOT_MEASURED } from "../builtin.ts";
import { CONDITION } from "../conditions.ts";
import type { PolicyDiagnostic } from "../diagnostic.ts";
import { anyFile, type Domain, eventBits, includesId, remainder, restricted } from "../domain.ts";
import { FUNC } from "../funcs.ts";
import { type FileSystemName, fileSystemOf, magicOf } from "../magic.ts";
import { has } from "../rule.ts";
import { finding, type LintSubject, type RuleLine } from "./finding.ts";

const READS = eventBits(FUNC.FILE_CHECK, 4);
const PROGRAMS = eventBits(FUNC.BPRM_CHECK) | eventBits(FUNC.MMAP_CHECK);

export function* protectionFindings(subject: LintSubject): Generator<PolicyDiagnostic> {
  yield* missingExclusions(subject, ACTION.MEASURE, ACTION.DONT_MEASURE, NOT_MEASURED);
  yield* missingExclusions(subject, ACTION.APPRAISE, ACTION.DONT_APPRAISE, NOT_APPRAISED);
  yield* tmpfsHoles(subject);
  yield* execOnly(subject);
  yield* missingKeys(subject);
  yield* lockout(subject);
  yield* floods(subject);
}

/** A rule that, as far as the file goes, is about every file that root opens to read. */
const isBroad = ({ domain }: RuleLine): boolean =>
  (domain.events & READS) !== 0 && anyFile(domain) && includesId(domain, "fowner", 0) && includesId(domain, "uid", 0);

function* missingExclusions(
  { rules }: LintSubject,
  positive: number,
  negative: number,
  names: readonly FileSystemName[],
): Generator<PolicyDiagnostic> {
  const at = rules.findIndex((line) => line.rule.action === positive && isBroad(line));
  if (at < 0) return;
  const line = rules[at]!;
  const exempt = rules.slice(0, at).filter((other) => other.rule.action === negative);
  const missing = names.filter((name) => fileSystemOf(magicOf(name))!.kind === "pseudo" && reaches(line, name, exempt));
  if (missing.length === 0) return;
  const keyword = positive === ACTION.MEASURE ? "dont_measure" : "dont_appraise";
  const verb = positive === ACTION.MEASURE ? "measures" : "appraises";
  const message = `${verb} files of ${missing.join(", ")}, which the kernel makes up as they are read; ${keyword} fsmagic= before it exempts them`;
  yield finding("missing-exclusion", line, message);
}

/** Whether files of one file system, read by root, get as far as the rule. */
function reaches(line: RuleLine, name: FileSystemName, exempt: readonly RuleLine[]): boolean {
  const there = onFileSystem({ ...line.domain, events: line.domain.events & READS }, name);
  return (
    remainder(
      there,
      exempt.map((other) => onFileSystem(other.domain, name)),
    )?.length !== 0
  );
}

/** On a file system its magic number and its name say the same. */
function onFileSystem(domain: Domain, name: FileSystemName): Domain {
  return restricted(restricted(domain, "fsmagic", magicOf(name).toString(16)), "fsname", name);
}

function* tmpfsHoles({ rules }: LintSubject): Generator<PolicyDiagnostic> {
  for (const [negative, positive, verb] of [
    [ACTION.DONT_MEASURE, ACTION.MEASURE, "measured"],
    [ACTION.DONT_APPRAISE, ACTION.APPRAISE, "appraised"],
  ] as const) {
    const hole = rules.find(
      ({ rule, domain }) =>
        rule.action === negative &&
        (domain.events & PROGRAMS) !== 0 &&
        (rule.magic === magicOf("tmpfs") || rule.fsname === "tmpfs"),
    );
    const guarded = rules.some(({ rule, domain }) => rule.action === positive && (domain.events & PROGRAMS) !== 0);
    if (hole === undefined || !guarded) continue;
    const message = `programs and libraries on tmpfs (/tmp, /dev/shm, memfd) are not ${verb}; with func=FILE_CHECK only reading is exempt`;
    yield finding("tmpfs-hole", hole, message, { token: "fs" });
  }
}

function* execOnly({ rules }: LintSubject): Generator<PolicyDiagnostic> {
  const appraised = rules.filter(({ rule }) => rule.action === ACTION.APPRAISE);
  const exec = appraised.find(({ domain }) => (domain.events & eventBits(FUNC.BPRM_CHECK)) !== 0);
  if (exec === undefined) return;
  const covered = appraised.reduce((events, { domain }) => events | domain.events, 0);
  const missing: string[] = [];
  if ((covered & eventBits(FUNC.MMAP_CHECK)) === 0) missing.push("libraries (MMAP_CHECK)");
  if ((covered & READS) === 0) missing.push("scripts that an interpreter reads (FILE_CHECK, MAY_READ)");
  if (missing.length === 0) return;
  yield finding("exec-only", exec, `programs are appraised as they start, ${missing.join(" and ")} are not`);
}

function* missingKeys({ rules, policy, options }: LintSubject): Generator<PolicyDiagnostic> {
  const { config } = policy.target;
  const verifies = config.enabled("INTEGRITY_ASYMMETRIC_KEYS");
  if (verifies && (options.keysProvided === true || config.enabled("IMA_LOAD_X509"))) return;
  const line = rules.find(({ rule }) => has(rule, RULE_FLAG.DIGSIG_REQUIRED) && !has(rule, RULE_FLAG.MODSIG_ALLOWED));
  if (line === undefined) return;
  const message = verifies
    ? "asks for signatures, but nothing loads a key on .ima at boot: CONFIG_IMA_LOAD_X509 is not set"
    : "asks for signatures, which the kernel cannot verify: CONFIG_INTEGRITY_ASYMMETRIC_KEYS is not set";
  yield finding("missing-keys", line, message, { token: "appraise_type=" });
}

function* lockout({ rules }: LintSubject): Generator<PolicyDiagnostic> {
  const line = rules.find(({ rule }) => rule.action === ACTION.APPRAISE && rule.func === FUNC.POLICY_CHECK);
  if (line === undefined) return;
  const signed = has(line.rule, RULE_FLAG.DIGSIG_REQUIRED) ? ", signed with a key on .ima" : "";
  const message = `from then on, until the next boot, rules are only taken from a file${signed}, by its absolute path`;
  yield finding("policy-lockout", line, message, { token: "func=" });
}

function* floods({ rules }: LintSubject): Generator<PolicyDiagnostic> {
  const at = rules.findIndex((line) => line.rule.action === ACTION.MEASURE && isBroad(line));
  if (at < 0) return;
  const spared = rules
    .slice(0, at)
    .some(({ rule }) => rule.action === ACTION.DONT_MEASURE && (rule.labels !== null || has(rule, CONDITION.FSUUID)));
  if (spared) return;
  const message =
    "measures whatever root reads: each change of a log or a database adds an entry to the list at its next reading";
  yield finding("floods-list", rules[at]!, message);
}
