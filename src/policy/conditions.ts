// Which conditions a rule carries: the lower bits of its flag word (security/integrity/ima/ima_policy.c: IMA_FUNC … IMA_FGROUP).
export const CONDITION = {
  FUNC: 0x0001,
  MASK: 0x0002,
  FSMAGIC: 0x0004,
  UID: 0x0008,
  FOWNER: 0x0010,
  FSUUID: 0x0020,
  /** mask=^… */
  INMASK: 0x0040,
  EUID: 0x0080,
  PCR: 0x0100,
  FSNAME: 0x0200,
  KEYRINGS: 0x0400,
  LABEL: 0x0800,
  VALIDATE_ALGOS: 0x1000,
  GID: 0x2000,
  EGID: 0x4000,
  FGROUP: 0x8000,
  FS_SUBTYPE: 0x1_0000,
} as const;

/** The masks of MAY_* that mask= can name (include/linux/fs.h), in the order of the read-back. */
export const MASKS = [
  { name: "MAY_EXEC", bit: 1 },
  { name: "MAY_WRITE", bit: 2 },
  { name: "MAY_READ", bit: 4 },
  { name: "MAY_APPEND", bit: 8 },
] as const;

/** `MAY_READ|MAY_WRITE`, for people. */
export const maskText = (mask: number): string =>
  MASKS.filter((m) => mask & m.bit)
    .map((m) => m.name)
    .join("|") || "0";

/** The six label conditions, in the order in which a match tries them and the read-back shows them (LSM_OBJ_USER … LSM_SUBJ_TYPE). */
export const LABEL_KINDS = ["obj_user", "obj_role", "obj_type", "subj_user", "subj_role", "subj_type"] as const;
export type LabelKind = (typeof LABEL_KINDS)[number];
