// i_version: a counter that changes only if somebody looked at it since the last change (include/linux/iversion.h; fs/libfs.c:
// inode_maybe_inc_iversion, inode_query_iversion). What a reader was told and what the counter shows later differ if and only if
// the file was changed in between; a counter that nobody reads costs no metadata writes.

export class IVersion {
  #value: number;
  /** I_VERSION_QUERIED: the present value has been handed out. */
  #queried: boolean;

  constructor(value: number, queried: boolean) {
    this.#value = value;
    this.#queried = queried;
  }

  /** The value without marking it as seen. */
  peek(): number {
    return this.#value;
  }
  /** Whether the next change must show: inode_iversion_need_inc. */
  get needsIncrement(): boolean {
    return this.#queried;
  }
  /** The value, which counts as seen from now on. */
  query(): number {
    this.#queried = true;
    return this.#value;
  }
  /** Counts a change if the value was seen, or anyway if forced; tells whether it counted. */
  maybeIncrement(force: boolean): boolean {
    if (!force && !this.#queried) return false;
    this.#value++;
    this.#queried = false;
    return true;
  }
}
