// Whether the policy also loads on other releases that its author cares for.
import type { PolicyDiagnostic } from "../diagnostic.ts";
import { parsePolicy } from "../parse-policy.ts";
import { finding, type LintSubject } from "./finding.ts";

/** @throws InputError for a release that is none. */
export function* releaseFindings({ policy, rules, options }: LintSubject): Generator<PolicyDiagnostic> {
  const { config, labels } = policy.target;
  const text = policy.lines.map((line) => `${line.text}\n`).join("");
  for (const release of options.releases ?? []) {
    const other = parsePolicy(text, { release, config, labels });
    const faults = new Map(other.diagnostics.map((diagnostic) => [diagnostic.span.line, diagnostic]));
    for (const line of rules) {
      const fault = faults.get(line.number);
      if (fault === undefined || fault.severity !== "error") continue;
      const since = fault.since === null ? {} : { since: fault.since };
      yield finding("release-mismatch", line, `${release} refuses it: ${fault.message}`, {
        token: fault.token,
        ...since,
      });
    }
  }
}
