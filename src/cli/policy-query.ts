// The access that `imasim policy decide` asks about, from its options.
import { InputError } from "../errno/index.ts";
import { ACTION, ACTIONS, FUNCS, fileSystemNamed, MASKS, type MatchQuery, POSITIVE_ACTIONS } from "../policy/index.ts";

/** As commander hands them over; all are texts that a user typed. */
export interface QueryOptions {
  readonly func: string;
  readonly mask?: string;
  readonly action?: string;
  readonly uid: string;
  readonly euid?: string;
  readonly suid?: string;
  readonly gid: string;
  readonly egid?: string;
  readonly sgid?: string;
  readonly capSetuid?: boolean;
  readonly capSetgid?: boolean;
  readonly fowner: string;
  readonly fgroup: string;
  readonly fstype: string;
  readonly fsmagic?: string;
  readonly fsuuid?: string;
  readonly fsSubtype?: string;
  readonly objLabel?: string;
  readonly subjLabel?: string;
  readonly data?: string;
}

const bad = (option: string, why: string): InputError => new InputError("bad-query", `--${option}`, why);

function id(option: string, text: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0xffff_fffe) throw bad(option, `'${text}' is no id`);
  return Number(text);
}

/** `MAY_READ|MAY_WRITE`, or a hook's own mask where none is given. */
function maskBits(text: string | undefined, func: string): number {
  if (text === undefined) return /^(MMAP|BPRM|CREDS)/.test(func) ? 1 : 4;
  return text.split(/[|,]/).reduce((bits, name) => {
    const row = MASKS.find((mask) => mask.name === name || mask.name === `MAY_${name}`);
    if (row === undefined) throw bad("mask", `'${name}' is none of ${MASKS.map((mask) => mask.name).join(", ")}`);
    return bits | row.bit;
  }, 0);
}

function actionBits(text: string | undefined): number {
  if (text === undefined) return POSITIVE_ACTIONS;
  return text.split(",").reduce((bits, name) => {
    const row = ACTIONS.find((action) => action.keyword === name && (action.bit & POSITIVE_ACTIONS) !== 0);
    if (row === undefined) throw bad("action", `'${name}' is none of measure, appraise, audit, hash`);
    return bits | row.bit;
  }, 0);
}

function magic(options: QueryOptions): number {
  if (options.fsmagic !== undefined) {
    if (!/^(0x)?[\da-f]{1,8}$/i.test(options.fsmagic))
      throw bad("fsmagic", `'${options.fsmagic}' is no hexadecimal number`);
    return Number.parseInt(options.fsmagic, 16);
  }
  const known = fileSystemNamed(options.fstype);
  if (known === undefined)
    throw bad("fstype", `the magic number of '${options.fstype}' is not known here: add --fsmagic`);
  return known.magic;
}

function uuid(text: string | undefined): Uint8Array {
  if (text === undefined) return new Uint8Array(16);
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)) throw bad("fsuuid", `'${text}' is no UUID`);
  const hex = text.replaceAll("-", "");
  return Uint8Array.from({ length: 16 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
}

/** @throws InputError `bad-query`: which option, and why. */
export function queryOf(options: QueryOptions): MatchQuery {
  const row = FUNCS.find(({ name, aliases }) => name === options.func || aliases?.includes(options.func));
  if (row === undefined || row.func === 0) throw bad("func", `'${options.func}' is no hook`);
  const [uid, gid] = [id("uid", options.uid), id("gid", options.gid)];
  const euid = options.euid === undefined ? uid : id("euid", options.euid);
  const egid = options.egid === undefined ? gid : id("egid", options.egid);
  const data = row.name === "KEY_CHECK" || row.name === "CRITICAL_DATA";
  return {
    func: row.func,
    mask: data || row.name === "KEXEC_CMDLINE" ? 0 : maskBits(options.mask, row.name),
    wanted: data || row.name === "KEXEC_CMDLINE" ? ACTION.MEASURE : actionBits(options.action),
    cred: {
      uid,
      euid,
      suid: options.suid === undefined ? euid : id("suid", options.suid),
      gid,
      egid,
      sgid: options.sgid === undefined ? egid : id("sgid", options.sgid),
    },
    currentCapable: { setuid: options.capSetuid ?? euid === 0, setgid: options.capSetgid ?? euid === 0 },
    inode: data
      ? null
      : {
          uid: id("fowner", options.fowner),
          gid: id("fgroup", options.fgroup),
          sb: {
            magic: magic(options),
            uuid: uuid(options.fsuuid),
            type: { name: options.fstype },
            subtype: options.fsSubtype ?? null,
          },
        },
    objectLabel: options.objLabel ?? null,
    subjectLabel: options.subjLabel ?? null,
    data: options.data ?? null,
  };
}
