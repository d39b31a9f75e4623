// What the lint looks for. The ids are stable; docs/lint/<id>.md is the page of each.

const table = {
  "unreachable-rule": "an earlier rule decides everything that this one could decide",
  "shadowed-rule": "an earlier rule decides the more particular case the other way",
  "duplicate-rule": "the same rule stands there already",
  "never-matches": "the conditions of the rule contradict each other, or no access meets them",
  "mask-never-occurs": "the hook never asks with such a mask",
  "unknown-file-system": "no file system has this magic number or UUID",
  "deprecated-alias": "the word has been replaced",
  "missing-exclusion": "pseudo file systems are measured or appraised",
  "tmpfs-hole": "programs on tmpfs are neither measured nor appraised",
  "exec-only": "programs are enforced, what interpreters read and libraries are not",
  "missing-keys": "signatures are asked for, and nothing says that the kernel has keys to check them",
  "policy-lockout": "after this policy further ones must be loaded as files, by path",
  "release-mismatch": "another requested release does not accept the rule",
  "template-lacks-field": "the template does not record what the rule is about",
  "floods-list": "the rule measures files that change all the time",
  "exception-too-late": "a dont_ rule stands behind the rule that it should precede",
  "ignored-condition": "the kernel accepts the condition and does not look at it",
} as const satisfies Readonly<Record<string, string>>;

/** The id of a kind of finding. */
export type LintId = keyof typeof table;
export const LINTS: Readonly<Record<LintId, string>> = table;
