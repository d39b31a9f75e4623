// Ops on the interfaces of the kernel: policy, securityfs, sysctl, PCRs, modules, kexec.
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { OPEN } from "../../kernel/index.ts";
import { done, failAt, fdOrOpen, type Op, okay } from "./context.ts";
import { readWholeFile, writeWholeFile } from "./files.ts";

const SECURITYFS = "/sys/kernel/security";
const POLICY = `${SECURITYFS}/ima/policy`;

export const KERNEL_OPS = {
  policy: (c) => writeWholeFile(c, POLICY, c.a.bytes() ?? new Uint8Array(), !c.a.truthy("once")),
  policyPath: (c) => writeWholeFile(c, POLICY, utf8ToBytes(c.a.text("path") ?? ""), false),
  securityfsRead: (c) => readWholeFile(c, `${SECURITYFS}/${c.a.text("file") ?? ""}`),
  securityfsWrite: (c) =>
    writeWholeFile(c, `${SECURITYFS}/${c.a.text("file") ?? ""}`, c.a.bytes() ?? new Uint8Array(), false),
  sysctl(c) {
    const path = `/proc/sys/${(c.a.text("name") ?? "").replaceAll(".", "/")}`;
    const bytes = c.a.bytes();
    if (bytes === undefined) readWholeFile(c, path);
    else writeWholeFile(c, path, bytes, false);
  },
  pcr: (c) => readWholeFile(c, `/sys/class/tpm/tpm0/pcr-${c.a.text("bank") ?? "sha256"}/${c.a.int("index", 10)}`),
  finitModule: (c) =>
    fdOrOpen(c, (fd) => okay(c.out, c.sys.finitModule(fd, c.a.text("params") ?? "", c.a.int("flags", 0)))),
  initModule(c) {
    const { sys, a, out } = c;
    const opened = sys.open(a.text("path") ?? "", OPEN.O_RDONLY | OPEN.O_CLOEXEC, 0);
    if (!opened.ok) return failAt(out, opened.errno, "open");
    const stat = sys.fstat(opened.value);
    const content = sys.read(opened.value, stat.ok ? stat.value.size : 0);
    sys.close(opened.value);
    if (!content.ok) return failAt(out, content.errno, "read");
    okay(out, sys.initModule(content.value, a.text("params") ?? ""));
  },
  deleteModule: (c) => okay(c.out, c.sys.deleteModule(c.a.text("name") ?? "")),
  kexecFileLoad(c) {
    const { sys, a, out } = c;
    const image = sys.open(a.text("path") ?? "", OPEN.O_RDONLY | OPEN.O_CLOEXEC, 0);
    if (!image.ok) return failAt(out, image.errno, "open");
    const initrdPath = a.text("initrd");
    const initrd = initrdPath === undefined ? null : sys.open(initrdPath, OPEN.O_RDONLY | OPEN.O_CLOEXEC, 0);
    const fd = initrd === null ? null : initrd.ok ? initrd.value : -1;
    okay(out, sys.kexecFileLoad(image.value, fd, a.text("cmdline") ?? "", a.int("flags", 0)));
    sys.close(image.value);
    if (initrd?.ok) sys.close(initrd.value);
  },
  sleep(c) {
    c.kernel.advance(c.a.int("ms", 1) / 1000);
    done(c.out, { ok: true, value: 0 });
  },
  nop: (c) => done(c.out, { ok: true, value: 0 }),
} satisfies Readonly<Record<string, Op>>;
