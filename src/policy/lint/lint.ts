// The lint: what a kernel accepts, and its author most likely did not mean.
import type { PolicyDiagnostic } from "../diagnostic.ts";
import type { ParsedPolicy } from "../parse-policy.ts";
import { conditionFindings } from "./conditions.ts";
import { coverageFindings } from "./coverage.ts";
import { type LintCheck, type LintOptions, lintSubject } from "./finding.ts";
import { protectionFindings } from "./protection.ts";
import { releaseFindings } from "./releases.ts";
import { templateFindings } from "./templates.ts";

const CHECKS: readonly LintCheck[] = [
  coverageFindings,
  conditionFindings,
  protectionFindings,
  templateFindings,
  releaseFindings,
];

/**
 * Looks a parsed policy through; lines that the kernel refuses are left out.
 * @returns the findings in the order of the lines.
 * @throws InputError for a release in the options that is none.
 */
export function lintPolicy(policy: ParsedPolicy, options: LintOptions = {}): PolicyDiagnostic[] {
  const subject = lintSubject(policy, options);
  const findings = CHECKS.flatMap((check) => [...check(subject)]);
  return findings.sort((a, b) => a.span.line - b.span.line || a.span.column - b.span.column);
}
