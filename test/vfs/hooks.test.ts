// In which order the hooks of an operation come, what they are given, and what stays done when one of them refuses.
import { describe, expect, it } from "vitest";
import {
  chmod,
  closeFile,
  ftruncate,
  mknod,
  O,
  open,
  openByPath,
  pread,
  pwrite,
  removexattr,
  S,
  type SecurityModule,
  setxattr,
  symlink,
  truncate,
  unlink,
} from "../../src/vfs/index.ts";
import { bytes, got, Machine, root, told, user } from "./machine.ts";

/** Notes every call, and refuses those named. */
class Recorder {
  readonly calls: string[] = [];
  readonly refuse = new Set<string>();
  readonly module: SecurityModule;
  readonly #name: string;

  constructor(name = "") {
    this.#name = name;
    const note = (call: string): "EACCES" | null => {
      this.calls.push(`${this.#name}${call}`);
      return this.refuse.has(call.split(" ")[0]!) ? "EACCES" : null;
    };
    this.module = {
      name: "recorder",
      inodeCreate: (_task, _dir, name, mode) => note(`create ${name} ${mode.toString(8)}`),
      inodeInitSecurity: (_task, inode, _dir, name) => note(`init ${name} ${inode.nlink}`),
      inodePostCreateTmpfile: (_task, inode) => void note(`tmpfile ${inode.nlink}`),
      pathPostMknod: (_task, { dentry }) => void note(`mknod ${dentry.name}`),
      inodeFree: () => void note("free"),
      fileOpen: (_task, file) => note(`open ${file.inode.readCount} ${file.inode.writeCount}`),
      filePostOpen: (_task, file, mask) => note(`post-open ${mask} ${file.created} ${file.inode.size}`),
      fileRelease: (_task, file) => void note(`release ${file.inode.readCount} ${file.inode.writeCount}`),
      filePermission: (_task, _file, mask) => note(`permission ${mask}`),
      fileTruncate: () => note("file-truncate"),
      pathTruncate: () => note("path-truncate"),
      inodeSetattr: (_task, _path, change) =>
        note(
          `setattr ${Object.keys(change)
            .filter((key) => key !== "file")
            .join()}`,
        ),
      inodePostSetattr: () => void note("post-setattr"),
      inodeUnlink: (_task, _dir, { name }) => note(`unlink ${name}`),
      inodeLink: (_task, _from, _dir, name) => note(`link ${name}`),
    };
  }
  take(): string[] {
    return this.calls.splice(0);
  }
}

function machine(): { m: Machine; recorder: Recorder } {
  const recorder = new Recorder();
  const m = new Machine("6.12", [recorder.module]);
  m.mount("/mnt", "ext4");
  m.write("/mnt/f", "1234", 0o666);
  recorder.take();
  return { m, recorder };
}

describe("open", () => {
  // READ is 4, WRITE 2, APPEND 8; O_TRUNC asks for WRITE.
  const masks: readonly [name: string, flags: number, mask: number][] = [
    ["O_RDONLY", O.RDONLY, 4],
    ["O_WRONLY", O.WRONLY, 2],
    ["O_RDWR", O.RDWR, 6],
    ["O_RDONLY|O_TRUNC", O.RDONLY | O.TRUNC, 6],
    ["O_WRONLY|O_APPEND", O.WRONLY | O.APPEND, 10],
    ["O_RDWR|O_CREAT", O.RDWR | O.CREAT, 6],
  ];
  for (const [name, flags, mask] of masks)
    it(`${name}: the mask after opening is ${mask}`, () => {
      const { m, recorder } = machine();
      m.close(m.open("/mnt/f", flags));
      expect(recorder.take()).toContain(`post-open ${mask} false 4`);
    });

  it("counts before asking, truncates after, and gives back after the last hook", () => {
    const { m, recorder } = machine();
    m.close(m.open("/mnt/f", O.WRONLY | O.TRUNC));
    expect(recorder.take()).toEqual([
      "open 0 1",
      "post-open 2 false 4",
      "file-truncate",
      "setattr size,mtime,ctime",
      "post-setattr",
      "release 0 1",
    ]);
    expect(m.inode("/mnt/f").writeCount).toBe(0);
  });

  it("that makes the file asks about that first", () => {
    const { m, recorder } = machine();
    m.close(m.open("/mnt/new", O.RDWR | O.CREAT, 0o640));
    expect(recorder.take()).toEqual([
      "create new 100640",
      "init new 1",
      "open 0 1",
      "post-open 6 true 0",
      "release 0 1",
    ]);
  });

  it("refused after opening is closed again, and a file that it made stays", () => {
    const { m, recorder } = machine();
    recorder.refuse.add("post-open");
    expect(told(open(m.vfs, root, m.base, "/mnt/new", O.RDWR | O.CREAT, 0o640))).toBe("EACCES");
    expect(recorder.take().slice(-2)).toEqual(["post-open 6 true 0", "release 0 1"]);
    expect(m.exists("/mnt/new")).toBe(true);
    expect(told(open(m.vfs, root, m.base, "/mnt/f", O.WRONLY | O.TRUNC))).toBe("EACCES");
    expect(m.stat("/mnt/f").size, "not truncated").toBe(4);
    expect([m.inode("/mnt/f").writeCount, m.inode("/mnt/f").openFiles]).toEqual([0, 0]);
  });

  it("refused before is as if it had not been tried", () => {
    const { m, recorder } = machine();
    recorder.refuse.add("open");
    expect(told(open(m.vfs, root, m.base, "/mnt/f", O.RDWR))).toBe("EACCES");
    expect(recorder.take()).toEqual(["open 0 1"]);
    expect([m.inode("/mnt/f").writeCount, m.inode("/mnt/f").openFiles]).toEqual([0, 0]);
  });

  it("with O_PATH asks nobody, and neither does its close", () => {
    const { m, recorder } = machine();
    m.close(m.open("/mnt/f", O.PATH));
    expect(recorder.take()).toEqual([]);
  });

  it("without a name: a hook of its own, and none after opening", () => {
    const { m, recorder } = machine();
    m.mount("/proc", "proc");
    recorder.take();
    const file = m.open("/mnt", O.TMPFILE | O.RDWR, 0o600);
    expect(recorder.take()).toEqual(["init  0", "open 0 1", "tmpfile 0"]);
    expect(m.linkOpen(file, "/mnt/named")).toBe(null);
    expect(recorder.take()).toEqual(["link named"]);
    m.close(file);
  });

  it("by the kernel itself asks once", () => {
    const { m, recorder } = machine();
    closeFile(m.vfs, root, got(openByPath(m.vfs, root, m.path("/mnt/f"), O.RDONLY)));
    expect(recorder.take()).toEqual(["open 1 0", "release 1 0"]);
  });
});

describe("truncation", () => {
  it("by path and by descriptor have hooks of their own", () => {
    const { m, recorder } = machine();
    truncate(m.vfs, root, m.base, "/mnt/f", 2);
    expect(recorder.take().map((call) => call.split(" ")[0])).toEqual(["path-truncate", "setattr", "post-setattr"]);
    const file = m.open("/mnt/f", O.WRONLY);
    recorder.take();
    ftruncate(m.vfs, root, file, 1);
    expect(recorder.take().map((call) => call.split(" ")[0])).toEqual(["file-truncate", "setattr", "post-setattr"]);
    recorder.refuse.add("file-truncate");
    expect(ftruncate(m.vfs, root, file, 0)).toBe("EACCES");
    expect(m.stat("/mnt/f").size).toBe(1);
  });
});

describe("reading and writing", () => {
  it("ask each time, and set-ID bits go with the hooks of changing attributes", () => {
    const { m, recorder } = machine();
    m.inode("/mnt/f").mode = S.IFREG | 0o4777;
    const file = got(open(m.vfs, user, m.base, "/mnt/f", O.RDWR));
    recorder.take();
    got(pread(m.vfs, user, file, 1, 0));
    expect(recorder.take()).toEqual(["permission 4"]);
    got(pwrite(m.vfs, user, file, bytes("x"), 0));
    const calls = recorder.take().map((call) =>
      call
        .split(" ")
        .slice(0, call.startsWith("permission") ? 2 : 1)
        .join(" "),
    );
    expect(calls).toEqual(["permission 2", "setattr", "post-setattr"]);
    expect(m.stat("/mnt/f").mode & 0o7777).toBe(0o777);
    m.close(file);
  });
});

describe("other changes", () => {
  it("chmod: refused before anything changes, told when it has", () => {
    const { m, recorder } = machine();
    recorder.refuse.add("setattr");
    expect(chmod(m.vfs, root, m.base, "/mnt/f", 0o600)).toBe("EACCES");
    expect(m.stat("/mnt/f").mode & 0o777).toBe(0o644);
    expect(recorder.take().length).toBe(1);
  });

  it("mknod: of a regular file it is told, of a link it is not", () => {
    const { m, recorder } = machine();
    mknod(m.vfs, root, m.base, "/mnt/n", S.IFREG | 0o644, { major: 0, minor: 0 });
    expect(recorder.take()).toEqual(["create n 100644", "init n 1", "mknod n"]);
    symlink(m.vfs, root, m.base, "f", "/mnt/s");
    expect(recorder.take().some((call) => call.startsWith("mknod"))).toBe(false);
  });

  it("unlink: asked, and the inode freed at its last holder", () => {
    const { m, recorder } = machine();
    recorder.refuse.add("unlink");
    expect(unlink(m.vfs, root, m.base, "/mnt/f")).toBe("EACCES");
    recorder.refuse.clear();
    recorder.take();
    const file = m.open("/mnt/f");
    unlink(m.vfs, root, m.base, "/mnt/f");
    m.close(file);
    expect(recorder.take()).toEqual(["open 1 0", "post-open 4 false 4", "unlink f", "release 1 0", "free"]);
  });

  it("an attribute that a module gives a new file is there when it is opened", () => {
    const seen: string[] = [];
    const m = new Machine("6.12", [
      {
        name: "labels",
        inodeInitSecurity: (_task, _inode, _dir, name, xattrs) => {
          xattrs.push({ name: "security.label", value: bytes(`of ${name}`) });
          return null;
        },
      },
      {
        name: "sees",
        inodeInitSecurity: (_task, _inode, _dir, _name, xattrs) => {
          seen.push(xattrs.map(({ name }) => name).join());
          return null;
        },
        filePostOpen: (_task, { inode }) => {
          seen.push([...inode.xattrs.keys()].join());
          return null;
        },
      },
    ]);
    m.mount("/mnt", "ext4");
    seen.length = 0;
    m.write("/mnt/f");
    expect(seen).toEqual(["security.label", "security.label"]);
    expect(removexattr(m.vfs, root, m.path("/mnt/f"), "security.label")).toBe(null);
    expect(setxattr(m.vfs, root, m.path("/mnt/f"), "security.label", bytes("x"))).toBe(null);
  });

  it("several modules: the first refusal ends it, what is told reaches all", () => {
    const [first, second] = [new Recorder("1 "), new Recorder("2 ")];
    const m = new Machine("6.12", [first.module, second.module]);
    m.write("/f");
    first.take();
    second.take();
    first.refuse.add("setattr");
    chmod(m.vfs, root, m.base, "/f", 0o600);
    expect(second.take()).toEqual([]);
    first.refuse.clear();
    chmod(m.vfs, root, m.base, "/f", 0o600);
    expect(second.take().map((call) => call.split(" ")[1])).toEqual(["setattr", "post-setattr"]);
  });
});
