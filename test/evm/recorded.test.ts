// Recordings in which no IMA policy has a say, replayed on a machine with a file system and EVM alone.
import { describe, expect, it } from "vitest";
import type { Denial, Errno, Result } from "../../src/errno/index.ts";
import { Kconfig } from "../../src/release/index.ts";
import {
  chmod,
  chown,
  closeFile,
  getxattr,
  listxattr,
  mkdir,
  mknod,
  O,
  type OpenFile,
  open,
  read,
  removexattr,
  rename,
  resolve,
  S,
  setxattr,
  stat,
  truncate,
  unlink,
  utimens,
  write,
} from "../../src/vfs/index.ts";
import { Machine } from "./machine.ts";
import { evmKeyOf, fromHex, type Recording, recordings, type Step, type StepResult, toHex } from "./recording.ts";
import { task } from "./stand-in.ts";

/** What a step gave, in the words of the recording. */
type Outcome = Readonly<Record<string, unknown>>;
const denied = (errno: Denial): Outcome => (errno === null ? { ret: 0 } : { errno });
const utf8 = new TextEncoder();

class Player {
  readonly machine: Machine;
  readonly recording: Recording;
  readonly #open = new Map<string, OpenFile>();

  constructor(recording: Recording) {
    this.recording = recording;
    const { kernel } = recording;
    const parameters = kernel.cmdline.split(" ").filter((p) => p.startsWith("evm="));
    this.machine = new Machine({
      release: kernel.release,
      config: Kconfig.fromLines(kernel.config),
      parameters: parameters.map((p) => p.slice(4)),
    });
    if (recording.boot.log.some((line) => line.includes("EVM test signing key"))) this.machine.evm.certificateLoaded();
  }

  play(step: Step, result: StepResult): Outcome | null {
    const { machine } = this;
    const { vfs, evm } = machine;
    const as = step.as ? task(step.as) : machine.root;
    const { root } = vfs;
    const path = step.path ?? "";
    const hint = {
      ...(result.ino && { ino: result.ino }),
      ...(result.generation && { generation: result.generation }),
    };
    const mode = Number.parseInt(step.mode ?? "644", 8);
    const flags = (step.flags ?? []).reduce((all, name) => all | O[name.slice(2) as keyof typeof O], 0);
    const bytes = step.hex === undefined ? utf8.encode(step.text ?? "") : fromHex(step.hex);
    const at = <T>(then: (found: Parameters<typeof setxattr>[2]) => T): T | Outcome => {
      if (step.fd !== undefined) return then(this.#open.get(step.fd)!.path);
      const found = resolve(vfs, as, root, path, { follow: step.nofollow !== true });
      return found.ok ? then(found.value) : { errno: found.errno };
    };
    const whole = (opened: Result<OpenFile>, then: (file: OpenFile) => Outcome): Outcome => {
      if (!opened.ok) return { errno: opened.errno };
      const outcome = then(opened.value);
      closeFile(vfs, as, opened.value);
      return outcome;
    };
    switch (step.op) {
      case "mount": {
        const disk = this.recording.disks![step.device!]!;
        const files = Object.entries(disk.files ?? {}).map(([name, file]) => ({
          path: name,
          bytes: fromHex(file.hex ?? ""),
          mode: Number.parseInt(file.mode ?? "644", 8),
          uid: file.uid ?? 0,
          gid: file.gid ?? 0,
          generation: file.generation ?? 0,
          xattrs: Object.entries(file.xattrs ?? {}).map(([k, v]) => [k, fromHex(v)] as const),
        }));
        machine.mountDisk(path, disk.fstype, fromHex(disk.uuid.replaceAll("-", "")), files);
        return null;
      }
      case "addkey":
        machine.key = evmKeyOf(step, result) ?? machine.key;
        return null;
      case "securityfsWrite": {
        const file = step.file === "evm" ? evm.setup : evm.xattrsFile!;
        const written = file.write(as, bytes);
        return written.ok ? { ret: 0, written: written.value } : { errno: written.errno };
      }
      case "securityfsRead":
        return { data: new TextDecoder().decode(step.file === "evm" ? evm.setup.read() : evm.xattrsFile!.read()) };
      case "setxattr":
        return at((p) => denied(setxattr(vfs, as, p, step.name!, bytes)));
      case "removexattr":
        return at((p) => denied(removexattr(vfs, as, p, step.name!)));
      case "getxattr":
        return at((p) => {
          const value = getxattr(vfs, as, p, step.name!);
          return value.ok ? { hex: toHex(value.value) } : { errno: value.errno };
        });
      case "listxattr":
        return at((p) => {
          const names = listxattr(vfs, as, p);
          return names.ok ? { names: names.value.length > 0 ? names.value : undefined } : { errno: names.errno };
        });
      case "chmod":
        return denied(chmod(vfs, as, root, path, mode));
      case "chown": {
        const [uid, gid] = [step.uid!, step.gid!].map((id) => (id < 0 ? null : id));
        return denied(chown(vfs, as, root, path, uid ?? null, gid ?? null, true));
      }
      case "utimens":
        return denied(utimens(vfs, as, root, path, { atime: step.atime ?? null, mtime: step.mtime ?? null }));
      case "truncate":
        return denied(truncate(vfs, as, root, path, step.len!));
      case "mknod":
        return denied(
          mknod(vfs, as, root, path, S[step.type!.slice(2) as keyof typeof S] | mode, { major: 0, minor: 0 }, hint),
        );
      case "mkdir":
        return denied(mkdir(vfs, as, root, path, Number.parseInt(step.mode ?? "755", 8), hint));
      case "unlink":
        return denied(unlink(vfs, as, root, path));
      case "rename":
        return denied(rename(vfs, as, root, step.from!, step.to!));
      case "open": {
        const opened = open(vfs, as, root, path, flags, mode, hint);
        if (opened.ok) this.#open.set(step.fd!, opened.value);
        return opened.ok ? { ret: 0 } : { errno: opened.errno };
      }
      case "write": {
        const written = write(vfs, as, this.#open.get(step.fd!)!, bytes);
        return written.ok ? { ret: written.value } : { errno: written.errno };
      }
      case "close":
        closeFile(vfs, as, this.#open.get(step.fd!)!);
        return { ret: 0 };
      case "readfile":
        return whole(open(vfs, as, root, path, O.RDONLY), (file) => {
          const data = read(vfs, as, file, 1 << 20);
          return data.ok ? { ret: data.value.length } : { errno: data.errno };
        });
      case "writefile":
        return whole(open(vfs, as, root, path, O.CREAT | O.WRONLY | O.TRUNC, mode, hint), (file) => {
          const written = bytes.length === 0 ? { ok: true as const, value: 0 } : write(vfs, as, file, bytes);
          return written.ok ? { ret: written.value } : { errno: written.errno };
        });
      case "stat": {
        const found = stat(vfs, as, root, path);
        if (!found.ok) return { errno: found.errno };
        const { ino, uid, gid, size } = found.value;
        return { ino, uid, gid, size, mode: found.value.mode.toString(8).padStart(6, "0") };
      }
      default:
        throw new Error(`${step.op} is not replayed here`);
    }
  }
}

function replay(recording: Recording): void {
  const player = new Player(recording);
  recording.steps.forEach((step, i) => {
    const result = recording.results[i]!;
    // The step was never carried out: the open before it failed.
    if ("error" in result) return;
    const before = player.machine.log.lines.length;
    const outcome = player.play(step, result);
    const where = `step ${i} ${step.op} ${step.path ?? ""}`;
    for (const [field, value] of Object.entries(outcome ?? {}))
      expect(result[field as keyof StepResult] as Errno, `${where}: ${field}`).toEqual(value);
    const lines = player.machine.lines().slice(before);
    expect(lines, where).toEqual((result.log ?? []).filter((l) => /^evm:|type=180[16]/.test(l)));
  });
}

describe("recordings without IMA", () => {
  const all = ["evm-hmac", "evm-sig", "fuzz"].flatMap((family) => recordings(family, /evm/));
  const alone = all.filter(
    ({ name, kernel, steps }) =>
      // Overlays, labels of other modules and long walks take a whole kernel.
      !/overlay|smack|walk/.test(name) &&
      !kernel.cmdline.includes("ima_policy") &&
      !steps.some((s) => /^policy|keyctl/.test(s.op)) &&
      steps.some((s) => s.op === "mount"),
  );
  it.each(alone.map((r) => [r.name, r] as const))("%s", (_name, recording) => replay(recording));
  it("are several", () => expect(alone.length).toBeGreaterThan(6));
});
