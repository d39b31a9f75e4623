// What must hold whatever is done to files.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Denial } from "../../src/errno/index.ts";
import { evmHmac } from "../../src/evm/index.ts";
import { chmod, chown, type Inode, mknod, removexattr, setxattr, truncate, utimens } from "../../src/vfs/index.ts";
import { runs } from "../fuzz.ts";
import { Machine } from "./machine.ts";
import { signed, TEST_KEYS } from "./signing.ts";
import { task } from "./stand-in.ts";

const KEY = new Uint8Array(32).fill(3);
const UUID = Uint8Array.from({ length: 16 }, (_, i) => i);
const F = "/mnt/f";
const IMA = Uint8Array.of(4, 4, ...new Uint8Array(32).fill(1));
const CAPABILITY = Uint8Array.from(Buffer.from("0100000280000000000000000000000000000000", "hex"));
const inode = { ino: 12, generation: 77, uid: 0, gid: 0, mode: 0o100644 };
const xattrs = [
  { name: "security.ima", value: IMA },
  { name: "security.capability", value: CAPABILITY },
];
const hmacLabel = Uint8Array.of(2, ...evmHmac({ xattrs, inode, fsuuid: UUID }, KEY).digest);
const portableLabel = signed({ type: "portable", xattrs, inode, fsuuid: UUID });

/** A file with a good label on ext4. */
function machineWith(label: Uint8Array, mode: "hmac" | "x509" | "hmac+x509"): Machine {
  const machine = new Machine({ keys: TEST_KEYS });
  const stored = [...xattrs.map((x) => [x.name, x.value] as const), ["security.evm", label] as const];
  machine.mountDisk("/mnt", "ext4", Uint8Array.from(UUID), [
    { path: "/f", bytes: new Uint8Array(3), generation: 77, xattrs: stored },
  ]);
  if (mode !== "hmac") machine.evm.certificateLoaded();
  if (mode !== "x509") machine.loadKey(KEY);
  return machine;
}

/** Behind the back of every hook, as on a disk in another machine. */
type Tamper = (inode: Inode) => void;
const other = (now: number) => fc.nat(0xffff_ffff).filter((n) => n !== now);
const place = fc.oneof(
  other(inode.generation).map(
    (generation): Tamper =>
      (i) => {
        i.generation = generation;
      },
  ),
  fc.nat(15).map(
    (at): Tamper =>
      (i) => {
        i.sb.uuid[at]! ^= 0x80;
      },
  ),
);
const attribute = fc.oneof(
  other(0).map(
    (uid): Tamper =>
      (i) => {
        i.uid = uid;
      },
  ),
  other(0).map(
    (gid): Tamper =>
      (i) => {
        i.gid = gid;
      },
  ),
  fc
    .nat(0o7777)
    .filter((m) => m !== 0o644)
    .map(
      (m): Tamper =>
        (i) => {
          i.mode = 0o100000 | m;
        },
    ),
);
const covered = fc.oneof(
  ...xattrs.flatMap(({ name, value }) => [
    fc.constant<Tamper>((i) => void i.xattrs.delete(name)),
    fc.tuple(fc.nat(value.length - 1), fc.integer({ min: 1, max: 255 })).map(
      ([at, flip]): Tamper =>
        (i) => {
          const changed = Uint8Array.from(value);
          changed[at]! ^= flip;
          i.xattrs.set(name, changed);
        },
    ),
  ]),
  fc.uint8Array({ minLength: 1, maxLength: 9 }).map(
    (v): Tamper =>
      (i) =>
        void i.xattrs.set("security.SMACK64", v),
  ),
);
const uncovered = fc.oneof(
  fc.constant<Tamper>((i) => {
    i.mtime += 5;
  }),
  fc.constant<Tamper>((i) => void i.nlink++),
  fc.nat(9).map(
    (size): Tamper =>
      (i) =>
        void i.content!.resize(size),
  ),
  fc
    .constantFrom(
      "user.x",
      "security.other",
      "trusted.x",
      "security.SMACK64IPIN",
      "security.selinux",
      "security.apparmor",
    )
    .map(
      (name): Tamper =>
        (i) =>
          void i.xattrs.set(name, Uint8Array.of(1)),
    ),
);

function tampered(machine: Machine, tamper: Tamper): string {
  tamper(machine.path(F).dentry.inode!);
  return machine.verify(F);
}

describe("a label", () => {
  it("that is good verifies", () => {
    expect(machineWith(hmacLabel, "hmac").verify(F)).toBe("pass");
    expect(machineWith(portableLabel, "x509").verify(F)).toBe("pass_immutable");
  });

  it("fits no more after any change of what an HMAC covers", () => {
    fc.assert(
      fc.property(fc.oneof(place, attribute, covered), (tamper) => {
        expect(tampered(machineWith(hmacLabel, "hmac"), tamper)).toBe("fail");
      }),
      runs(100),
    );
  });

  it("fits no more after any change of what a portable signature covers, wherever the file is", () => {
    fc.assert(
      fc.property(fc.oneof(attribute, covered), place, (tamper, moved) => {
        const machine = machineWith(portableLabel, "x509");
        moved(machine.path(F).dentry.inode!);
        expect(tampered(machine, tamper)).toBe("fail_immutable");
      }),
      runs(100),
    );
  });

  it("fits after any change of what is not covered", () => {
    fc.assert(
      fc.property(fc.array(uncovered, { maxLength: 4 }), (tampers) => {
        const machine = machineWith(hmacLabel, "hmac");
        for (const tamper of tampers) tamper(machine.path(F).dentry.inode!);
        expect(machine.verify(F)).toBe("pass");
      }),
      runs(100),
    );
  });

  it("that is portable covers disabled names too", () => {
    const machine = machineWith(portableLabel, "x509");
    expect(tampered(machine, (i) => void i.xattrs.set("security.selinux", Uint8Array.of(1)))).toBe("fail_immutable");
  });
});

/** A system call on the file, by root or by a user. */
type Call = (machine: Machine) => Denial;
const root = task();
const user = task({ uid: 1000 });
const acl = (group: number) =>
  Uint8Array.from(Buffer.from(`0200000001000600ffffffff04000${group}00ffffffff20000400ffffffff`, "hex"));
const acts = (owners: readonly (number | null)[]): fc.Arbitrary<Call> =>
  fc
    .tuple(
      fc.constantFrom(root, root, user),
      fc.oneof(
        fc
          .constantFrom(0o644, 0o600, 0o4755, 0o2711)
          .map((m) => (v: Machine, as: typeof root) => chmod(v.vfs, as, v.vfs.root, F, m)),
        fc
          .constantFrom(...owners)
          .map((id) => (v: Machine, as: typeof root) => chown(v.vfs, as, v.vfs.root, F, id, id, true)),
        fc
          .tuple(
            fc.constantFrom("security.ima", "security.SMACK64EXEC", "security.evm", "user.x", "security.other"),
            fc.constantFrom(IMA, Uint8Array.of(1), hmacLabel, portableLabel, new Uint8Array()),
          )
          .map(
            ([name, value]) =>
              (v: Machine, as: typeof root) =>
                setxattr(v.vfs, as, v.path(F), name, value),
          ),
        fc.constant((v: Machine, as: typeof root) => setxattr(v.vfs, as, v.path(F), "security.capability", CAPABILITY)),
        fc
          .constantFrom("security.ima", "security.capability", "security.SMACK64EXEC", "user.x")
          .map((name) => (v: Machine, as: typeof root) => removexattr(v.vfs, as, v.path(F), name)),
        fc
          .constantFrom(0, 4, 6)
          .map(
            (g) => (v: Machine, as: typeof root) => setxattr(v.vfs, as, v.path(F), "system.posix_acl_access", acl(g)),
          ),
        fc.constant((v: Machine, as: typeof root) => utimens(v.vfs, as, v.vfs.root, F, { atime: 5, mtime: 5 })),
      ),
    )
    .map(
      ([as, act]): Call =>
        (machine) =>
          act(machine, as),
    );

/** What EVM has to do with, as text. */
function state(machine: Machine): string {
  const { mode, uid, gid, xattrs: stored } = machine.path(F).dentry.inode!;
  return JSON.stringify([mode, uid, gid, [...stored].map(([k, v]) => [k, Buffer.from(v).toString("hex")])]);
}

describe("changes", () => {
  it("that are permitted under an HMAC key leave a file that verifies", () => {
    fc.assert(
      fc.property(fc.array(acts([0, 7]), { maxLength: 12 }), (calls) => {
        const machine = machineWith(hmacLabel, "hmac");
        for (const act of calls) {
          act(machine);
          const held = machine.path(F).dentry.inode!.xattrs;
          const label = held.get("security.evm");
          const status = machine.verify(F);
          // User space may put a signature there; it then has to be a good one.
          if (label?.[0] === 0x05) return;
          expect(status).toBe(label === undefined ? "no_xattrs" : "pass");
        }
      }),
      runs(100),
    );
  });

  it("that are denied leave everything as it was", () => {
    const labels = fc.constantFrom(hmacLabel, portableLabel, Uint8Array.of(2, ...new Uint8Array(20)));
    const modes = fc.constantFrom("hmac", "x509", "hmac+x509");
    fc.assert(
      fc.property(labels, modes, fc.array(acts([0, 7, null]), { maxLength: 12 }), (label, mode, calls) => {
        const machine = machineWith(label, mode as "hmac");
        for (const act of calls) {
          const before = state(machine);
          const status = machine.verify(F);
          if (act(machine) === null) continue;
          expect(state(machine)).toBe(before);
          expect(machine.verify(F)).toBe(status);
        }
      }),
      runs(100),
    );
  });

  it("under a portable signature are such that change nothing", () => {
    fc.assert(
      fc.property(fc.array(acts([7]), { maxLength: 12 }), (calls) => {
        const machine = machineWith(portableLabel, "hmac+x509");
        const covers = () =>
          JSON.stringify(
            JSON.parse(state(machine)).map((x: unknown) =>
              Array.isArray(x) ? x.filter(([k]) => !/^user|other/.test(k)) : x,
            ),
          );
        const before = covers();
        for (const act of calls) {
          act(machine);
          expect(covers()).toBe(before);
          expect(machine.verify(F)).toBe("pass_immutable");
        }
      }),
      runs(100),
    );
  });

  it("of ownership that name nobody, or the same owner, take file capabilities away, and EVM does not keep up", () => {
    const labelled = machineWith(hmacLabel, "hmac");
    expect(chown(labelled.vfs, root, labelled.vfs.root, F, null, null, true)).toBeNull();
    expect(labelled.verify(F)).toBe("fail");
    expect(chmod(labelled.vfs, root, labelled.vfs.root, F, 0o600)).toBe("EPERM");
    const portable = machineWith(portableLabel, "x509");
    expect(chown(portable.vfs, root, portable.vfs.root, F, 0, 0, true)).toBeNull();
    expect(portable.verify(F)).toBe("fail_immutable");
  });

  it("of size and names do not concern EVM", () => {
    const machine = machineWith(portableLabel, "x509");
    expect(removexattr(machine.vfs, root, machine.path(F), "security.capability")).toBe("EPERM");
    expect(mknod(machine.vfs, root, machine.vfs.root, "/mnt/new", 0o100644, { major: 0, minor: 0 })).toBeNull();
    expect(utimens(machine.vfs, root, machine.vfs.root, F, { atime: 1, mtime: 1 })).toBeNull();
    expect(machine.verify(F)).toBe("pass_immutable");
    expect(truncate(machine.vfs, root, machine.vfs.root, "/mnt/new", 9)).toBeNull();
  });
});
