// Arbitrary credentials, files and xattrs, in the form that documents have them.
import fc from "fast-check";
import type { Scenario } from "../scenario/index.ts";
import { bytesOf, HOSTILE, hashLabel, hex } from "./content.ts";

/** Credentials of a step: missing ones follow the others. */
export interface Ids {
  readonly uid?: number;
  readonly euid?: number;
  readonly gid?: number;
  readonly egid?: number;
}

const id = fc.constantFrom(0, 1, 1000, 65534);

/** root, users, and programs that are set-user-ID. */
export function anyCredentials(): fc.Arbitrary<Ids> {
  return fc.record({ uid: id, euid: id, gid: id, egid: id }, { requiredKeys: ["uid"] });
}

/** xattrs that integrity looks at, by full name, in hex digits: right labels of some content, labels cut short, and anything. */
export function anyXattrs(): fc.Arbitrary<Record<string, string>> {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((value) => hex(value));
  const label = fc.constantFrom(...HOSTILE).map((content) => hashLabel(bytesOf(content)));
  const cut = fc.tuple(label, fc.nat({ max: 33 })).map(([whole, keep]) => whole.slice(0, 2 * (keep + 1)));
  const value = fc.oneof(label, cut, bytes);
  return fc.dictionary(fc.constantFrom("security.ima", "security.evm", "user.note"), value, { maxKeys: 3 });
}

type DiskFile = NonNullable<NonNullable<Scenario["disks"]>[string]["files"]>[string];

/** A file for a disk of a scenario. */
export function anyFile(): fc.Arbitrary<Exclude<DiskFile, string>> {
  const content = fc.oneof(
    fc.constantFrom(...HOSTILE),
    fc.string({ maxLength: 40 }).map((text) => ({ text })),
  );
  const mode = fc.constantFrom("644", "755", "4755", "600");
  return fc
    .record({ content, mode, uid: id, gid: id, xattrs: anyXattrs() })
    .map(({ content: bytes, ...rest }) => ({ ...bytes, ...rest }));
}
