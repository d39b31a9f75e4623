// Where labels come from, and what a label condition means to the LSM that gives them (security/security.c: security_audit_rule_init,
// security_audit_rule_match, as ima_filter_rule_*). With no LSM, or none that knows labels, no condition compiles.
import type { Errno } from "../errno/index.ts";
import type { LabelKind } from "./conditions.ts";

/** A condition that an LSM has understood. What is in it is the source's own business. */
export interface LabelRule {
  readonly kind: LabelKind;
  readonly text: string;
}

export interface LabelSource {
  /** As in /sys/kernel/security/lsm. */
  readonly name: string;
  /** The condition `kind=text`, null where the LSM does not support the kind or does not know the label. */
  compile(kind: LabelKind, text: string): LabelRule | null;
  /**
   * Whether `label` (of an object or a subject, as the kind says) meets the condition. An errno instead is an error of the
   * comparison; ESTALE says that the LSM's policy was reloaded since `rule` was compiled.
   */
  match(rule: LabelRule, label: string | null): boolean | Errno;
  /**
   * Where a condition matches exactly the labels of which one part is its text: that part of `label`. Many rules are then found
   * without trying each. Left out by a source whose comparisons can fail.
   */
  part?(kind: LabelKind, label: string | null): string | null;
}

/** Takes any label for known: for reading a policy without the machine it is meant for. */
export const anyLabels: LabelSource = {
  name: "any security module",
  compile: (kind, text) => ({ kind, text }),
  match: (rule, label) => label === rule.text,
  part: (_, label) => label,
};

/** SMK_LONGLABEL less its terminator. */
const SMACK_LABEL_MAX = 255;

/**
 * Whether Smack takes the text as a label (security/smack/smack_access.c: smk_parse_label_len): it begins with no dash, and the part
 * before the first character that no label may have is neither empty nor too long.
 */
function smackLabel(text: string): string | null {
  if (text.startsWith("-")) return null;
  let end = 0;
  for (; end < text.length; end++) {
    const c = text.charCodeAt(end);
    if (c > 0x7e || c <= 0x20 || c === 0x2f || c === 0x22 || c === 0x5c || c === 0x27) break;
  }
  return end === 0 || end > SMACK_LABEL_MAX ? null : text.slice(0, end);
}

/** Smack: subj_user= and obj_user= name a label, which need not exist yet (smack_lsm.c: smack_audit_rule_init, smack_audit_rule_match). */
export const smackLabels: LabelSource = {
  name: "smack",
  compile(kind, text) {
    if (kind !== "subj_user" && kind !== "obj_user") return null;
    const label = smackLabel(text);
    return label === null ? null : { kind, text: label };
  },
  match: (rule, label) => label === rule.text,
  part: (_, label) => label,
};

/** The names that a SELinux policy defines. */
export interface SelinuxNames {
  readonly users: readonly string[];
  readonly roles: readonly string[];
  readonly types: readonly string[];
}

/** SELinux: labels are contexts `user:role:type[:level]`, of which each condition names one part (security/selinux/ss/services.c: selinux_audit_rule_init). */
export function selinuxLabels(names: SelinuxNames): LabelSource {
  const part = { user: 0, role: 1, type: 2 } as const;
  const known = [new Set(names.users), new Set(names.roles), new Set(names.types)] as const;
  const partOf = (kind: LabelKind): 0 | 1 | 2 => part[kind.slice(kind.indexOf("_") + 1) as keyof typeof part];
  const inLabel = (kind: LabelKind, label: string | null): string | null => label?.split(":", 3)[partOf(kind)] ?? null;
  return {
    name: "selinux",
    compile: (kind, text) => (known[partOf(kind)].has(text) ? { kind, text } : null),
    match: (rule, label) => inLabel(rule.kind, label) === rule.text,
    part: inLabel,
  };
}

/** AppArmor: subj_role= names a loaded profile, or unconfined (security/apparmor/audit.c: aa_audit_rule_init, aa_audit_rule_match). */
export function apparmorLabels(profiles: readonly string[] = []): LabelSource {
  const known = new Set(["unconfined", ...profiles]);
  return {
    name: "apparmor",
    compile: (kind, text) => (kind === "subj_role" && known.has(text) ? { kind, text } : null),
    match: (rule, label) => label === rule.text,
    part: (_, label) => label,
  };
}
