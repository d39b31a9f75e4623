// Arbitrary steps of a scenario: what a process may do to files, and what uses their content. They shrink to the first path and content.
import fc from "fast-check";
import type { Step } from "../scenario/step-schema.ts";
import { SIGNATURES } from "./attackers-key.ts";
import { bytesOf, HOSTILE, hashLabel } from "./content.ts";
import { OVERLAY } from "./ground.ts";
import type { Ids } from "./tasks.ts";

export interface OperationOptions {
  readonly paths: readonly [string, ...string[]];
  /** Who acts; process 1 as root if not given. */
  readonly as?: Ids;
}

/** The one open file that steps name. */
export const HANDLE = "f";
const MAPPING = "m";
/** What policies with excused labels call them, in the zoo. */
export const EXEMPT = "exempt";
const LABEL_NAMES = ["security.ima", "security.evm", "security.SMACK64", "user.note"] as const;

export const acting = (step: fc.Arbitrary<Step>, as: Ids | undefined): fc.Arbitrary<Step> =>
  as === undefined ? step : step.map((each) => ({ ...each, as }));

/** A file system that whoever may mount puts over a directory: in memory, or an overlay over the disk. */
export function anyMount(): fc.Arbitrary<Step> {
  const memory = fc.record({
    op: fc.constant("mount" as const),
    source: fc.constant("none"),
    path: fc.constantFrom("/media", "/tmp"),
    fstype: fc.constantFrom("tmpfs", "ramfs"),
    mkdir: fc.constant(true),
  });
  const overlay: Step = {
    op: "mount",
    source: "overlay",
    path: "/media",
    fstype: "overlay",
    options: OVERLAY,
    mkdir: true,
  };
  return fc.oneof({ weight: 2, arbitrary: memory }, fc.constant(overlay));
}

/** Steps that change files: write, chmod, chown, setxattr, removexattr, rename, link, symlink, copy, unlink, mount. */
export function anyChange({ paths, as }: OperationOptions): fc.Arbitrary<Step> {
  const path = fc.constantFrom(...paths);
  const content = fc.constantFrom(...HOSTILE);
  const row = (op: Step["op"], fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Step> =>
    fc.record({ op: fc.constant(op), ...fields });
  const xattr = fc.oneof(
    content.map((bytes) => ({ name: "security.ima", hex: hashLabel(bytesOf(bytes)) })),
    fc.constantFrom(...SIGNATURES).map((hex) => ({ name: "security.ima", hex })),
    fc.constantFrom(...LABEL_NAMES).map((name) => ({ name, text: EXEMPT })),
  );
  const steps = fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(path, content)
        .map(([to, bytes]): Step => ({ op: "writefile", path: to, mode: "755", ...bytes })),
    },
    row("chmod", { path, mode: fc.constantFrom("755", "4755", "644") }),
    row("chown", { path, uid: fc.constantFrom(0, 1000), gid: fc.constantFrom(0, 1000) }),
    {
      weight: 3,
      arbitrary: fc.tuple(path, xattr).map(([to, fields]): Step => ({ op: "setxattr", path: to, ...fields })),
    },
    row("removexattr", { path, name: fc.constantFrom(...LABEL_NAMES) }),
    row("rename", { from: path, to: path }),
    row("link", { target: path, path }),
    row("symlink", { target: path, path }),
    row("copy", { src: path, dst: path, mode: fc.constant("755") }),
    row("unlink", { path }),
    { weight: 3, arbitrary: anyMount() },
  );
  return acting(steps, as);
}

const FIRMWARE = "/lib/firmware/";

/** On a kernel with the module test_firmware: its device asks for the file. */
const loadFirmware = (path: string): Step => ({
  op: "writefile",
  path: "/sys/devices/virtual/misc/test_firmware/trigger_request",
  text: path.slice(FIRMWARE.length),
  flags: ["O_WRONLY"],
});

/** Steps that use the content of files: exec, read, open, mmap, mprotect, loading as a module, as a kernel, and what lies in /lib/firmware as firmware. */
export function anyUse({ paths, as }: OperationOptions): fc.Arbitrary<Step> {
  const path = fc.constantFrom(...paths);
  const firmware = paths.filter((at) => at.startsWith(FIRMWARE)).map((at) => fc.constant(loadFirmware(at)));
  const steps: fc.Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: path.map((at): Step => ({ op: "exec", path: at })) },
    { weight: 2, arbitrary: path.map((at): Step => ({ op: "readfile", path: at })) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(path, fc.constantFrom("O_RDONLY", "O_RDWR"))
        .map(([at, flags]): Step => ({ op: "open", path: at, flags, fd: HANDLE })),
    },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom(["PROT_READ", "PROT_EXEC"], ["PROT_READ"])
        .map((prot): Step => ({ op: "mmap", fd: HANDLE, map: MAPPING, prot })),
    },
    { weight: 2, arbitrary: fc.constant<Step>({ op: "mprotect", map: MAPPING, prot: ["PROT_READ", "PROT_EXEC"] }) },
    fc.constant<Step>({ op: "close", fd: HANDLE }),
    path.map((at): Step => ({ op: "finitModule", path: at })),
    path.map((at): Step => ({ op: "initModule", path: at })),
    path.map((at): Step => ({ op: "kexecFileLoad", path: at })),
    ...firmware,
  );
  return acting(steps, as);
}
