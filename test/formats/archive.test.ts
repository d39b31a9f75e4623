// Archives: what GNU tar, bsdtar and cpio wrote, what was written here in all shapes, and what is no archive.
import { readFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errno/index.ts";
import { type ArchiveEntry, decodeInitramfs, decodeTar, type Unpack } from "../../src/formats/index.ts";
import { runs } from "../fuzz.ts";
import { cpioArchive, tarArchive, tarEntry } from "./write-archive.ts";

const stored = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../data/archives/${name}`, import.meta.url)));
const unpack: Unpack = (compression, bytes) =>
  compression === "gzip" ? { bytes: new Uint8Array(gunzipSync(bytes)), used: bytes.length } : null;
const text = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes);

function fault(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof InputError) return `${error.code} ${error.message}`;
    throw error;
  }
  return "none";
}

const LONG = "long-".repeat(22);

describe("tar", () => {
  it.each([
    ["gnu-pax.tar.gz", true],
    ["gnu-long.tar.gz", false],
    ["libarchive-pax.tar.gz", true],
  ])("%s is read as it was written", (name, xattrs) => {
    const entries = decodeTar(new Uint8Array(gunzipSync(stored(name))));
    const at = (path: string) => entries.find((entry) => entry.path === path);
    expect(entries).toHaveLength(new Set(entries.map(({ path }) => path)).size);
    expect(at("/")).toMatchObject({ type: "directory", mode: 0o755, uid: 0 });
    expect(at("/dev/null")).toMatchObject({ type: "character", major: 1, minor: 3 });
    expect(at("/dev/p")?.type).toBe("fifo");
    expect(at("/sbin")).toMatchObject({ type: "symlink", target: "usr/sbin" });
    expect(at("/usr/lib/systemd/systemd")).toMatchObject({ type: "file", mode: 0o755 });
    expect(at(`/srv/${LONG}/file`)).toMatchObject({ type: "file", bytes: utf8ToBytes("z\n") });
    expect(at("/srv/far")).toMatchObject({ type: "symlink", target: `${LONG}/${LONG}` });
    const motd = at("/etc/motd")!;
    expect(motd).toMatchObject({ type: "file", bytes: utf8ToBytes("hi\n"), uid: 1000, gid: 1000, mode: 0o644 });
    expect(at("/etc/motd2")).toMatchObject({ type: "link", target: "/etc/motd" });
    const values = new Map(motd.xattrs);
    expect(values.size).toBe(xattrs ? 2 : 0);
    // A value with the signs of a record's end and of a keyword's in it, and one that is no text.
    expect(text(values.get("user.test"))).toBe(xattrs ? "a\nb=c" : undefined);
    if (xattrs) expect(values.get("security.ima")?.subarray(0, 3)).toEqual(Uint8Array.of(4, 4, 0x98));
  });

  const name = fc.stringMatching(/^[a-zæß ,=%-]{1,60}$/);
  const path = fc
    .array(name, { minLength: 1, maxLength: 4 })
    .filter((names) => names.every((each) => each.trim() !== ""))
    .map((names) => `/${names.join("/")}`);
  const number = fc.oneof(fc.nat({ max: 0o7777777 }), fc.nat({ max: 0xffff_ffff }));
  const fields = fc.record({
    path,
    mode: fc.nat({ max: 0o7777 }),
    uid: number,
    gid: number,
    xattrs: fc.uniqueArray(
      fc.tuple(
        name.map((each) => `user.${each}`),
        fc.uint8Array({ maxLength: 40 }),
      ),
      {
        maxLength: 3,
        selector: ([key]) => key,
      },
    ),
  });
  const kind = fc.oneof(
    fc.record({ type: fc.constant("file" as const), bytes: fc.uint8Array({ maxLength: 1200 }) }),
    fc.constant({ type: "directory" as const }),
    fc.constant({ type: "fifo" as const }),
    fc.record({ type: fc.constantFrom("symlink" as const, "link" as const), target: path }),
    fc.record({
      type: fc.constantFrom("block" as const, "character" as const),
      major: fc.nat(255),
      minor: fc.nat(255),
    }),
  );
  const anyEntry = fc.tuple(fields, kind).map(([common, rest]): ArchiveEntry => ({ ...common, ...rest }));

  it("comes back as it was written, in pax form and with base-256 numbers", () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 6 }), fc.boolean(), (entries, gnu) => {
        const wanted = gnu ? entries.map((entry) => ({ ...entry, xattrs: [] })) : entries;
        expect(decodeTar(tarArchive(wanted, gnu ? "gnu" : "pax"))).toEqual(wanted);
      }),
      runs(300),
    );
  });

  const one = tarEntry(
    { path: "/a", mode: 0o644, uid: 0, gid: 0, xattrs: [], type: "file", bytes: utf8ToBytes("b") },
    "pax",
  );
  const plain = tarEntry({ path: "/a", mode: 0o644, uid: 0, gid: 0, xattrs: [], type: "fifo" }, "gnu").subarray(1024);
  const end = new Uint8Array(1024);
  const withType = (type: string) =>
    tarArchive([{ type: "fifo", path: "/a", mode: 0, uid: 0, gid: 0, xattrs: [] }], "pax", type);
  const withPax = (records: string) => concatBytes(tarEntry(utf8ToBytes(records), "pax"), plain, end);
  it.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(), "truncated byte 0: the archive has no end"],
    ["a compressed archive", gzipSync("x"), "compressed byte 0: the archive is compressed with gzip: unpack it first"],
    [
      "text",
      utf8ToBytes("x".repeat(1024)),
      "not-a-tar byte 0: this is no header of a tar archive: its checksum differs",
    ],
    ["an archive without its end", one, `truncated byte ${one.length}: the archive has no end`],
    ["an archive that ends in a file", one.subarray(0, 512), "truncated byte 512: 25 bytes were to follow byte 512"],
    ["a sparse file", withType("S"), 'unsupported-entry byte 1024: an entry of type "S"'],
    [
      "a path out of it",
      tarArchive([{ type: "fifo", path: "/../x", mode: 0, uid: 0, gid: 0, xattrs: [] }], "pax"),
      "bad-path byte 1024: ../x leads out of the archive",
    ],
    [
      "a record that is too long",
      withPax("99 path=x\n"),
      "bad-pax-record byte 512: a record of 99 bytes does not fit into its header",
    ],
    ["a record without a length", withPax("path=x\n"), "bad-pax-record byte 512: a record begins with its length"],
    [
      "a record without a keyword",
      withPax("5 =x\n"),
      "bad-pax-record byte 512: a record is a keyword, = and a value, and ends its line",
    ],
    ["a size that is none", withPax("10 size=x\n"), 'bad-number byte 1024: size is "x"'],
    [
      "libarchive's form of an xattr that is no base64",
      withPax("31 LIBARCHIVE.xattr.user.a=***\n"),
      "bad-pax-record byte 1024: LIBARCHIVE.xattr.user.a is not base64",
    ],
  ])("refuses %s", (_, archive, why) => expect(fault(() => decodeTar(archive))).toBe(why));

  it("takes SELinux's label with the zero that the kernel stores", () => {
    const [entry] = decodeTar(withPax("28 RHT.security.selinux=a:b\n"));
    expect(entry?.xattrs).toEqual([["security.selinux", utf8ToBytes("a:b\0")]]);
  });
});

describe("an initramfs", () => {
  it("of several parts, compressed and not, is read as the kernel reads it", () => {
    const entries = decodeInitramfs(stored("initramfs.img"), unpack);
    const told = entries.map(({ type, path }) => `${type} ${path}`);
    expect(told).toContain("file /kernel/x86/microcode/GenuineIntel.bin");
    expect(told).toContain("file /etc/keys/x509_ima.der");
    expect(entries.at(-1)).toMatchObject({ type: "symlink", path: "/lnk", target: "init" });
    // A program with two names, whose content came with the second.
    expect(told.filter((each) => each.includes("/init"))).toEqual(["file /init2", "link /init", "file /init"]);
    expect(entries.every(({ xattrs }) => xattrs.length === 0)).toBe(true);
  });

  const file = (path: string, content: string, links = 1): ArchiveEntry & { ino: number; links: number } => ({
    ...{ type: "file", path, mode: 0o644, uid: 0, gid: 0, xattrs: [], bytes: utf8ToBytes(content) },
    ...{ ino: 7, links },
  });

  it("keeps names of one file together until its archive ends", () => {
    const twice = concatBytes(cpioArchive([file("/a", "x", 2), file("/b", "", 2)]), cpioArchive([file("/c", "y", 2)]));
    expect(decodeInitramfs(twice).map(({ type, path }) => `${type} ${path}`)).toEqual([
      "file /a",
      "link /b",
      "file /c",
    ]);
  });

  const good = cpioArchive([file("/a", "content")]);
  it.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(), "not-a-cpio byte 0: there is no cpio archive"],
    ["text", utf8ToBytes("hello"), "not-a-cpio byte 0: this is no header of a cpio archive"],
    [
      "the old format",
      utf8ToBytes(`070707${"0".repeat(70)}`),
      "unsupported-cpio byte 0: the kernel takes no cpio archive of the format 070707: make it with cpio -H newc",
    ],
    [
      "the format with sums",
      utf8ToBytes(`070702${"0".repeat(104)}`),
      "unsupported-cpio byte 0: the kernel takes no cpio archive of the format 070702: make it with cpio -H newc",
    ],
    ["a header that is cut off", good.subarray(0, 50), "truncated byte 50: the archive ends in a header"],
    ["content that is cut off", good.subarray(0, 115), "truncated byte 115: 119 bytes were to follow byte 0"],
    [
      "digits that are none",
      utf8ToBytes(`070701${"x".repeat(104)}`),
      'bad-number byte 6: "xxxxxxxx" is not hexadecimal',
    ],
    [
      "what cannot be unpacked here",
      Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd),
      "compressed byte 0: what follows is compressed with zstd: unpack it first",
    ],
    [
      "damage in a compressed part",
      new Uint8Array(gzipSync("hello")),
      "not-a-cpio byte 0, unpacked, byte 0: this is no header of a cpio archive",
    ],
    [
      "an archive that begins between two words",
      concatBytes(good, new Uint8Array(1), good),
      `not-a-cpio byte ${good.length + 1}: an archive begins at a multiple of 4 bytes`,
    ],
  ])("refuses %s", (_, image, why) => expect(fault(() => decodeInitramfs(image, unpack))).toBe(why));
});
