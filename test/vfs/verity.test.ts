// fs-verity: digests that real kernels gave, and who may switch it on.
import { describe, expect, it } from "vitest";
import {
  chattr,
  closeFile,
  getxattr,
  mkdir,
  O,
  open,
  setxattr,
  truncate,
  umount,
  type VerityParameters,
  verityEnable,
  verityMeasure,
} from "../../src/vfs/index.ts";
import { got, Machine, newDisk, root, told, user } from "./machine.ts";

const PATTERN = "0123456789abcdefghijklmnopqrstuvwxyz\n";
const contentOf = (size: number): string => PATTERN.repeat(Math.ceil(size / PATTERN.length)).slice(0, size);
const hex = (value: Uint8Array): string => Buffer.from(value).toString("hex");

function machine(release = "6.12"): Machine {
  const m = new Machine(release);
  m.mount("/mnt", "ext4", undefined, newDisk("ext4", { verity: true }));
  return m;
}

function enable(m: Machine, path: string, parameters: VerityParameters = {}, task = root): string {
  const file = got(open(m.vfs, task, m.base, path, O.RDONLY));
  const refused = verityEnable(m.vfs, task, file, parameters);
  closeFile(m.vfs, task, file);
  return refused ?? "ok";
}

describe("digests", () => {
  const LONG_SALT = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
  // Recorded from Linux 6.12 on ext4.
  // biome-ignore format: a table reads better in columns
  const recorded: readonly [size: number, hash: "sha256" | "sha512", blockSize: number, salt: string, digest: string][] = [
    [0, "sha256", 4096, "", "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95"],
    [1, "sha256", 4096, "", "023fb36b9241a02beebfad4a1d7338aa229d46bdab668a5a9b7f14a1bdd875e1"],
    [4096, "sha256", 4096, "", "fa34b05737f85c93e7a2fe12a46057e395b237f3b5b91861592146106ffa8baa"],
    [4097, "sha256", 4096, "", "e4c0958af6b7bb7d484426c088a37bd3f5de4ec2a333bde6571a4a85f5bf8967"],
    [524288, "sha256", 4096, "ab", "f5d32f96d0f10f774ce5930df309536fd99abade7040f800eeac1a62672e3e09"],
    [524289, "sha256", 4096, "", "e1a8ab4672b53de6d7664f558547dabaa837f3f1f2998f7f89be2553dfc85751"],
    [40000, "sha256", 1024, LONG_SALT, "dd8e99232e7b69cd8d29d316a6c735371d0c6b27e4f570d097d6e319cb3d003e"],
    [40000, "sha512", 1024, "01", "9687783a0f5b88da41d1fbe8ae373108da5d87d46c9020eb504f53c238fa92da9ce975e3304f3a06b89a9660ef50b21d3447af1ab02fe3bcbb2ba7e18b8a77a2"],
    [70000, "sha512", 2048, "", "0919cc7880047a4e6fb5ea59fdfeb3bd92ff8f9a937b89557026f593aa8ab1733247d52ed7892cd154cafaf9d6f59588a5fcbdb40286ec868cc3323002ecc23b"],
    [262149, "sha512", 4096, LONG_SALT, "1b6d022bf774ce6460cd601993e50c9c5ffb448e8fd6e7dcb4745106ab545b2ded301f996baa2142546f10cb7e3471c034fb0a188934d021b2271c2f778895e4"],
    [0, "sha512", 1024, "ff", "39d8be70fff3cb3ce70bf08b379c36865f21668631d39bd4d94c2aba3323f86dff095390f82b8d5c35baa12baeae8ea207c75b957deffafd8612617faf6eca64"],
  ];
  for (const [size, hash, blockSize, salt, digest] of recorded)
    it(`of ${size} bytes with ${hash}, blocks of ${blockSize}, salt "${salt}"`, () => {
      const m = machine();
      m.write("/mnt/f", contentOf(size));
      expect(enable(m, "/mnt/f", { hash, blockSize, salt: Buffer.from(salt, "hex") })).toBe("ok");
      const file = m.open("/mnt/f");
      const measured = got(verityMeasure(file));
      expect(hex(measured.digest)).toBe(digest);
      expect(measured.algorithm).toBe(hash === "sha256" ? 1 : 2);
    });
});

describe("switching it on", () => {
  it("is refused while anybody could write", () => {
    const m = machine();
    m.write("/mnt/f", "x");
    const writer = m.open("/mnt/f", O.WRONLY);
    expect(enable(m, "/mnt/f")).toBe("ETXTBSY");
    m.close(writer);
    const both = m.open("/mnt/f", O.RDWR);
    expect(verityEnable(m.vfs, root, both, {})).toBe("ETXTBSY");
    m.close(both);
    expect(enable(m, "/mnt/f")).toBe("ok");
    expect(enable(m, "/mnt/f")).toBe("EEXIST");
  });

  it("makes the file one that nobody writes to, but that can be removed and have its mode changed", () => {
    const m = machine();
    m.write("/mnt/f", "x");
    enable(m, "/mnt/f");
    expect(told(open(m.vfs, root, m.base, "/mnt/f", O.WRONLY))).toBe("EPERM");
    expect(told(open(m.vfs, root, m.base, "/mnt/f", O.RDWR))).toBe("EPERM");
    expect(truncate(m.vfs, root, m.base, "/mnt/f", 0)).toBe("EPERM");
    expect(m.inode("/mnt/f").writeCount).toBe(0);
    expect(m.read("/mnt/f")).toBe("x");
  });

  it("keeps btrfs from cutting the file only since 6.12.113; on ext4 the refusal came after the capabilities were gone", () => {
    for (const [release, fstype, answer, length, capability] of [
      ["6.1", "btrfs", null, 0, false],
      ["6.12.113", "btrfs", "EPERM", 1, true],
      ["6.1", "ext4", "EPERM", 1, false],
      ["6.12.113", "ext4", "EPERM", 1, true],
    ] as const) {
      const m = new Machine(release);
      m.mount("/mnt", fstype, undefined, newDisk(fstype, { verity: true }));
      m.write("/mnt/f", "x");
      enable(m, "/mnt/f");
      const name = "security.capability";
      setxattr(m.vfs, root, m.path("/mnt/f"), name, Buffer.from("0100000200200000000000000000000000000000", "hex"), 0);
      expect(truncate(m.vfs, root, m.base, "/mnt/f", 0), `${fstype} on ${release}`).toBe(answer);
      expect(m.stat("/mnt/f").size).toBe(length);
      expect(getxattr(m.vfs, root, m.path("/mnt/f"), name).ok).toBe(capability);
    }
  });

  it("checks in the order of the kernel", () => {
    const m = machine();
    m.write("/mnt/f", "x", 0o644);
    mkdir(m.vfs, root, m.base, "/mnt/dir", 0o755);
    expect(enable(m, "/mnt/f", {}, user)).toBe("EACCES");
    expect(enable(m, "/mnt/f", { blockSize: 3000 }, user)).toBe("EINVAL");
    expect(enable(m, "/mnt/f", { salt: new Uint8Array(33) }, user)).toBe("EMSGSIZE");
    expect(enable(m, "/mnt/dir")).toBe("EISDIR");
    expect(enable(m, "/mnt/f", { hash: "sha1" })).toBe("EINVAL");
    expect(enable(m, "/mnt/f", { blockSize: 8192 })).toBe("EINVAL");
    expect(told(verityMeasure(m.open("/mnt/f")))).toBe("ENODATA");
  });

  it("knows blocks smaller than a page since 6.3 only", () => {
    const m = machine("6.1");
    m.write("/mnt/f", "x");
    expect(enable(m, "/mnt/f", { blockSize: 1024 })).toBe("EINVAL");
    expect(enable(m, "/mnt/f", { blockSize: 4096 })).toBe("ok");
  });

  it("needs a file system that has it, and a disk made for it", () => {
    const m = new Machine();
    m.mount("/plain", "ext4");
    m.mount("/btrfs", "btrfs");
    m.mount("/xfs", "xfs");
    for (const dir of ["", "/plain", "/btrfs", "/xfs"]) m.write(`${dir}/f`, "x");
    expect(enable(m, "/f")).toBe("ENOTTY");
    expect(enable(m, "/xfs/f")).toBe("ENOTTY");
    expect(enable(m, "/plain/f")).toBe("EOPNOTSUPP");
    expect(enable(m, "/btrfs/f")).toBe("ok");
  });

  it("outlives the mount", () => {
    const m = new Machine();
    const disk = newDisk("ext4", { verity: true });
    m.mount("/mnt", "ext4", undefined, disk);
    m.write("/mnt/f", "x");
    enable(m, "/mnt/f");
    const before = m.inode("/mnt/f");
    const { digest } = before.verity!;
    expect(umount(m.vfs, root, m.base, "/mnt")).toBe(null);
    m.mount("/mnt", "ext4", undefined, disk);
    expect(m.inode("/mnt/f")).not.toBe(before);
    expect(got(verityMeasure(m.open("/mnt/f"))).digest).toEqual(digest);
    expect(told(open(m.vfs, root, m.base, "/mnt/f", O.WRONLY))).toBe("EPERM");
  });
});

describe("flags of a file with fs-verity", () => {
  it("can be set on ext4, not on btrfs", () => {
    for (const [fstype, answer] of [
      ["ext4", null],
      ["btrfs", { errno: "EOPNOTSUPP", at: "FS_IOC_SETFLAGS" }],
    ] as const) {
      const m = new Machine();
      m.mount("/mnt", fstype, undefined, newDisk(fstype, { verity: true }));
      m.write("/mnt/f", "x");
      expect(enable(m, "/mnt/f")).toBe("ok");
      expect(chattr(m.vfs, root, m.open("/mnt/f"), ["nodump"], [])).toEqual(answer);
    }
  });
});
