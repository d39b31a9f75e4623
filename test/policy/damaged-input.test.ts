// Policies damaged word by word and byte by byte: each line becomes a rule or a diagnostic with its place in the text.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explainRule, formatPolicy, lintPolicy, parsePolicy } from "../../src/policy/index.ts";
import { showRule } from "../../src/policy/show.ts";
import { damagedText } from "../damage.ts";
import { decoderRuns } from "../fuzz.ts";
import { SERIES } from "./arbitraries.ts";

const samples = [
  "dont_measure fsmagic=0x9fa0\nmeasure func=MMAP_CHECK mask=MAY_EXEC\nmeasure func=FILE_CHECK mask=^MAY_READ euid=0\n",
  "appraise func=MODULE_CHECK appraise_type=imasig|modsig appraise_flag=check_blacklist\n",
  "appraise func=BPRM_CHECK fowner=0 appraise_type=sigv3 digest_type=verity template=ima-sigv2 pcr=11\n",
  "appraise appraise_algos=sha256,sha512 fsuuid=11111111-2222-3333-4444-555555555555 fsname=ext4 permit_directio\n",
  "measure func=KEY_CHECK keyrings=.ima|.evm uid=0\nmeasure func=CRITICAL_DATA label=kernel_info\n# a comment\n",
  "hash uid>1000 gid<5 egid=0 fgroup=7 obj_type=etc_t subj_user=u\nappraise func=SETXATTR_CHECK appraise_algos=sha256\n",
];
const words = [
  "measure ",
  "dont_appraise ",
  " func=",
  " mask=^",
  "uid>",
  "=",
  "|",
  ",",
  "\n",
  "\t",
  " ",
  "#",
  "\\",
  "\0",
];

describe("damaged and random input", () => {
  it("as a policy", () => {
    fc.assert(
      fc.property(damagedText(samples, words), fc.constantFrom(...SERIES), (text, release) => {
        const policy = parsePolicy(text, { release });
        for (const { span, token } of policy.diagnostics)
          if (text.slice(span.offset, span.offset + span.length) !== token) throw new Error(`${span.offset}: ${token}`);
        for (const rule of policy.rules) {
          explainRule(rule, policy.target.release);
          showRule(rule, policy.target.release);
        }
        const formatted = formatPolicy(policy);
        expect(formatPolicy(parsePolicy(formatted, { release }))).toBe(formatted);
        lintPolicy(policy);
      }),
      decoderRuns,
    );
  }, 600_000);
});
