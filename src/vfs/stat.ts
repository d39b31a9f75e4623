// What stat and statfs answer (fs/stat.c, fs/statfs.c).

export interface Stat {
  readonly ino: number;
  /** Type and permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly nlink: number;
  readonly dev: { readonly major: number; readonly minor: number };
  readonly rdev: { readonly major: number; readonly minor: number };
  /** Seconds since the epoch, fractions allowed. */
  readonly atime: number;
  readonly mtime: number;
  readonly ctime: number;
  /** As a file handle shows it; null where handles show none. */
  readonly generation: number | null;
}

export interface StatFs {
  /** f_type: the magic number. */
  readonly type: number;
  /** f_flags: ST_* of <sys/statvfs.h>, with ST_VALID. */
  readonly flags: number;
}
