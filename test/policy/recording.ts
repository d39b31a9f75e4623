// Recordings of real kernels around the policy: what was written to ima/policy, what was read back, what the log said.
import { readdirSync, readFileSync } from "node:fs";
import { IntegrityAudit, KernelLog } from "../../src/audit/index.ts";
import type { Errno } from "../../src/errno/index.ts";
import { fail, ok, type Result } from "../../src/errno/index.ts";
import {
  type BootChoices,
  ImaPolicy,
  noBootChoices,
  PolicyFile,
  parsePolicyParameter,
  type RuleTemplate,
  smackLabels,
} from "../../src/policy/index.ts";
import { Kconfig, Release } from "../../src/release/index.ts";

export interface Step {
  readonly op: string;
  readonly path?: string;
  readonly file?: string;
  readonly text?: string;
  readonly hex?: string;
  readonly once?: boolean;
  readonly fd?: string;
  readonly as_fd?: string;
  readonly target?: string;
  readonly flags?: readonly string[];
  readonly offset?: number;
  readonly as?: { readonly uid?: number; readonly euid?: number };
}
export interface StepResult {
  readonly ret?: number;
  readonly errno?: string;
  readonly data?: string;
  readonly hex?: string;
  readonly written?: number;
  readonly write?: string;
  readonly open?: string;
  readonly log?: readonly string[];
}
export interface Recording {
  readonly name: string;
  readonly kernel: {
    readonly release: string;
    readonly cmdline: string;
    readonly lsm: string;
    readonly config: readonly string[];
  };
  readonly boot: { readonly log: readonly string[] };
  readonly steps: readonly Step[];
  readonly results: readonly StepResult[];
}

const TRACES = new URL("../traces/", import.meta.url);

/** The recordings of a family. */
export function recordings(family: string): Recording[] {
  const files = readdirSync(new URL(`${family}/`, TRACES)).sort();
  return files.map((file) => JSON.parse(readFileSync(new URL(`${family}/${file}`, TRACES), "utf8")) as Recording);
}

const fields = (...ids: string[]): { id: string }[] => ids.map((id) => ({ id }));
/** Enough of the templates for what rules say of them. */
const TEMPLATES: readonly (RuleTemplate & { format: string })[] = [
  "ima d|n",
  "ima-ng d-ng|n-ng",
  "ima-sig d-ng|n-ng|sig",
  "ima-ngv2 d-ngv2|n-ng",
  "ima-sigv2 d-ngv2|n-ng|sig",
  "ima-buf d-ng|n-ng|buf",
  "ima-modsig d-ng|n-ng|sig|d-modsig|modsig",
  "evm-sig d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode",
].map((row) => {
  const [name, format] = row.split(" ") as [string, string];
  return { name, format, fields: fields(...format.split("|")) };
});

export function templateNamed(text: string, bootFormat = ""): RuleTemplate | undefined {
  const found = TEMPLATES.find((t) => t.name === text || t.format === text);
  if (found !== undefined || bootFormat === "" || text !== bootFormat) return found;
  return { name: "", fields: fields(...bootFormat.split("|")) };
}

/** A policy as the recorded kernel had it after boot. */
export class RecordedKernel {
  readonly log = new KernelLog();
  readonly policy: ImaPolicy;
  readonly file: PolicyFile;
  /** What the file system answers to a load by path; the recording knows where this test does not. */
  readFile: (path: string) => Result<Uint8Array> = () => fail("ENOENT");

  constructor(recording: Recording) {
    const { kernel } = recording;
    const release = Release.parse(kernel.release);
    const config = Kconfig.fromLines(kernel.config);
    const audit = new IntegrityAudit(this.log, release, {
      informational: false,
      enabled: config.enabled("INTEGRITY_AUDIT"),
    });
    const choices: BootChoices = noBootChoices();
    let mode = 1;
    let format = "";
    for (const parameter of kernel.cmdline.match(/(?:[^\s"]|"[^"]*")+/g) ?? []) {
      const [key, value = ""] = parameter.replaceAll('"', "").split(/=(.*)/s);
      if (key === "ima_tcb" || key === "ima_appraise_tcb" || (key === "ima_policy" && parameter.includes("=")))
        parsePolicyParameter(choices, key, value, { release, log: this.log });
      if (key === "ima_appraise") mode = { off: 0, fix: 2, log: 4 }[value] ?? 1;
      if (key === "ima_template_fmt") format = value;
    }
    const template = (text: string): RuleTemplate | undefined => templateNamed(text, format);
    this.policy = new ImaPolicy({
      release,
      config,
      audit,
      template,
      bootTemplate: () => template(format || "ima-ng") ?? TEMPLATES[1]!,
      labels: kernel.lsm.split(",").includes("smack") ? smackLabels : null,
      appraiseMode: mode,
    });
    this.policy.initialise(choices, []);
    this.file = new PolicyFile(this.policy, { readPolicyFile: (path) => this.readFile(path) });
  }
}

export { type Errno, fail, ok };
