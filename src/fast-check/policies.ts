// Arbitrary rules and policies that a kernel of the given release takes.
import fc from "fast-check";
import { parsePolicy } from "../policy/index.ts";

const FILE_FUNCS = ["FILE_CHECK", "MMAP_CHECK", "BPRM_CHECK", "CREDS_CHECK"];
const READ_FUNCS = ["MODULE_CHECK", "FIRMWARE_CHECK", "KEXEC_KERNEL_CHECK", "POLICY_CHECK"];
const ACTIONS = ["measure", "dont_measure", "appraise", "dont_appraise", "audit", "hash"];
const MAGICS = ["0x01021994", "0xEF53", "0x858458f6", "0x9fa0"];

const optional = (condition: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant("") }, condition);

/** A condition that compares an id: `uid=0`, `fowner>1000`. */
const idCondition = (keyword: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom("=", "<", ">"), fc.constantFrom(0, 1000, 65534))
    .map(([operator, id]) => `${keyword}${operator}${id}`);

/** One rule that a kernel of the release takes (6.12 if not given). */
export function anyRule(release = "6.12"): fc.Arbitrary<string> {
  const parts = fc.tuple(
    fc.constantFrom(...ACTIONS),
    optional(fc.constantFrom(...FILE_FUNCS, ...READ_FUNCS).map((name) => `func=${name}`)),
    optional(fc.constantFrom("MAY_READ", "^MAY_READ", "MAY_EXEC", "MAY_WRITE").map((mask) => `mask=${mask}`)),
    optional(fc.constantFrom(...MAGICS).map((magic) => `fsmagic=${magic}`)),
    optional(fc.constantFrom("ext4", "tmpfs", "btrfs").map((name) => `fsname=${name}`)),
    optional(idCondition("uid")),
    optional(idCondition("euid")),
    optional(idCondition("fowner")),
    optional(fc.constantFrom("appraise_type=imasig", "appraise_algos=sha256,sha512", "permit_directio")),
  );
  return parts
    .map((words) => words.filter((word) => word !== "").join(" "))
    .filter((text) => parsePolicy(text, { release, labels: null }).accepted);
}

/** The text of a policy of up to eight rules that a kernel of the release takes (6.12 if not given). */
export function anyPolicy(release = "6.12"): fc.Arbitrary<string> {
  return fc.array(anyRule(release), { minLength: 1, maxLength: 8 }).map((rules) => `${rules.join("\n")}\n`);
}
