// Rules and accesses from small sets of values, so that they meet often.
import fc from "fast-check";
import { FUNC, type Func, type MatchQuery } from "../../src/policy/index.ts";

const id = fc.constantFrom("0", "1", "2", "1000", "4294967294");
const compared = (key: string): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom("=", "<", ">"), id).map(([sign, value]) => `${key}${sign}${value}`);
const one = (key: string, ...values: string[]): fc.Arbitrary<string> =>
  fc.constantFrom(...values).map((value) => `${key}=${value}`);

const UUIDS = ["11111111-2222-3333-4444-555555555555", "00000000-0000-0000-0000-000000000000"];
const fileConditions = [
  one("func", "FILE_CHECK", "PATH_CHECK", "MMAP_CHECK", "BPRM_CHECK", "CREDS_CHECK", "MODULE_CHECK", "POLICY_CHECK"),
  one("mask", "MAY_READ", "^MAY_READ", "MAY_EXEC", "^MAY_EXEC", "^MAY_WRITE", "MAY_WRITE", "^MAY_APPEND"),
  one("fsmagic", "0xef53", "9fa0", "0", "+0x1021994"),
  one("fsname", "ext4", "proc", "tmpfs"),
  one("fsuuid", ...UUIDS),
  fc.oneof(compared("uid"), compared("euid")),
  fc.oneof(compared("gid"), compared("egid")),
  compared("fowner"),
  compared("fgroup"),
  one("obj_type", "etc_t", "bin_t"),
  one("subj_user", "u", "v"),
  fc.constant("permit_directio"),
] as const;

/** Rules about files that 6.12 accepts. */
export const fileRule: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom("measure", "dont_measure", "appraise", "dont_appraise", "audit", "hash", "dont_hash"),
    fc.shuffledSubarray([...fileConditions], { minLength: 0, maxLength: 4 }).chain((picked) => fc.tuple(...picked)),
    fc.constantFrom("", "pcr=11", "template=ima-sig", "appraise_type=imasig", "appraise_algos=sha256,sha512"),
  )
  .map(([action, conditions, option]) => {
    const suits = option.startsWith("appraise") ? action === "appraise" : option === "" || action === "measure";
    return [action, ...conditions, ...(suits && option !== "" ? [option] : [])].join(" ");
  });

/** Rules about keys and critical data. */
export const dataRule: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom("measure", "dont_measure"),
    fc.constantFrom(
      "func=KEY_CHECK",
      "func=KEY_CHECK keyrings=.ima",
      "func=KEY_CHECK keyrings=.evm|.ima|.ima",
      "func=CRITICAL_DATA",
      "func=CRITICAL_DATA label=selinux|x",
      "",
    ),
    fc.oneof(fc.constant(""), compared("uid"), compared("gid")),
  )
  .map((parts) => parts.filter((part) => part !== "").join(" "));

const number = fc.constantFrom(0, 1, 2, 1000, 4294967294);
const FUNCS_ASKED: readonly Func[] = Object.values(FUNC).filter((func) => func !== FUNC.NONE);
const uuidBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll("-", ""), "hex"));

/** Any access; masks that no hook asks with are among them, as the walk does not know them. */
export const query: fc.Arbitrary<MatchQuery> = fc
  .record({
    func: fc.constantFrom(...FUNCS_ASKED),
    mask: fc.constantFrom(0, 1, 2, 4, 6, 8, 10, 12, 14, 15, 0x24),
    wanted: fc.constantFrom(0x1, 0x4, 0x40, 0x100, 0x104, 0x145),
    cred: fc.record({ uid: number, euid: number, suid: number, gid: number, egid: number, sgid: number }),
    currentCapable: fc.record({ setuid: fc.boolean(), setgid: fc.boolean() }),
    inode: fc.record({
      uid: number,
      gid: number,
      sb: fc.record({
        magic: fc.constantFrom(0xef53, 0x9fa0, 0x01021994, 0),
        uuid: fc.constantFrom(...UUIDS).map(uuidBytes),
        type: fc.record({ name: fc.constantFrom("ext4", "proc", "tmpfs") }),
        subtype: fc.constantFrom(null, "sshfs"),
      }),
    }),
    objectLabel: fc.constantFrom(null, "etc_t", "bin_t"),
    subjectLabel: fc.constantFrom(null, "u", "v"),
    data: fc.constantFrom(null, ".ima", ".evm", "selinux"),
  })
  .map((q) => (q.func === FUNC.KEY_CHECK || q.func === FUNC.CRITICAL_DATA ? { ...q, inode: null } : q));

const token = fc.oneof(
  fc.oneof(fileRule, dataRule),
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.constantFrom(
    "#",
    "# x",
    "\t",
    "\r",
    "\0",
    " ",
    "\n",
    "|",
    "||",
    "=",
    "func=",
    "uid<",
    "template=ima-ng",
    "digest_type=verity",
  ),
  fc.constantFrom(
    "appraise_type=sigv3",
    "appraise_type=imasig|modsig",
    "appraise_flag=check_blacklist",
    "keyrings=a||b",
    "label=|",
  ),
  fc.constantFrom(
    "dont_audit",
    "fs_subtype=sshfs",
    "pcr=-0",
    "pcr=+7",
    "fsmagic=0 fsmagic=1",
    "uid=99999999999999999999",
  ),
);
/** Texts that look like policies, and texts that do not. */
export const policyText: fc.Arbitrary<string> = fc
  .array(
    fc.array(token, { maxLength: 5 }).map((tokens) => tokens.join(" ")),
    { maxLength: 8 },
  )
  .map((lines) => lines.join("\n"));

export const SERIES: readonly string[] = [
  ...Array.from({ length: 17 }, (_, minor) => `4.${minor + 4}`),
  ...Array.from({ length: 20 }, (_, minor) => `5.${minor}`),
  ...Array.from({ length: 20 }, (_, minor) => `6.${minor}`),
  "7.0",
  "7.1",
  "7.2",
];
