// A kernel release: its number, and which behaviours it has.
import { InputError } from "../errno/index.ts";
import { FEATURES, type Feature } from "./features.ts";

/** Debian names its 6.1 kernels after their ABI (`6.1.0-56-amd64`); the stable release that is in them: changelog of `linux`. */
const DEBIAN_ABI: Readonly<Record<string, number>> = { "6.1.0-50": 170, "6.1.0-56": 192 };

/** The oldest release whose behaviour is known here. */
export const OLDEST_RELEASE = "4.4";

export class Release {
  /** As uname -r prints it. */
  readonly text: string;
  readonly major: number;
  readonly minor: number;
  /** The stable number. A bare `6.12` means the last of that series: Infinity. */
  readonly patch: number;
  readonly #known = new Map<Feature, boolean>();

  private constructor(text: string, major: number, minor: number, patch: number) {
    this.text = text;
    this.major = major;
    this.minor = minor;
    this.patch = patch;
  }

  /**
   * Reads `6.12`, `6.12.117`, `6.1.0-56-amd64`.
   * @throws InputError `bad-release` for anything else, and for releases before 4.4.
   */
  static parse(text: string): Release {
    const m = /^(\d{1,3})\.(\d{1,3})(?:\.(\d{1,4}))?([-+][\w.+~-]*)?$/.exec(text);
    if (!m)
      throw new InputError("bad-release", "release", `'${text}' is not a kernel release such as 6.12 or 6.12.117`);
    const [major, minor] = [Number(m[1]), Number(m[2])];
    const abi = DEBIAN_ABI[text.replace(/-[a-z].*$/, "")];
    const release = new Release(
      text,
      major,
      minor,
      abi ?? (m[3] === undefined ? Number.POSITIVE_INFINITY : Number(m[3])),
    );
    if (!release.atLeast(OLDEST_RELEASE))
      throw new InputError(
        "bad-release",
        "release",
        `${text} is older than ${OLDEST_RELEASE}, the oldest release known here`,
      );
    return release;
  }

  /** Whether this is `series` (`major.minor`) or later; for the columns "since" of tables, not for code that decides. */
  atLeast(series: string): boolean {
    const dot = series.indexOf(".");
    const major = Number(series.slice(0, dot));
    return this.major > major || (this.major === major && this.minor >= Number(series.slice(dot + 1)));
  }

  /** Whether this release behaves in the named way. */
  has(feature: Feature): boolean {
    let known = this.#known.get(feature);
    if (known === undefined) {
      const row = FEATURES[feature];
      const backport = row.backports?.[`${this.major}.${this.minor}`];
      known =
        (this.atLeast(row.since) && !(row.until !== undefined && this.atLeast(row.until))) ||
        (backport !== undefined && this.patch >= backport);
      this.#known.set(feature, known);
    }
    return known;
  }

  toString(): string {
    return this.text;
  }
}
