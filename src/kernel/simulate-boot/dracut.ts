// dracut's modules masterkey (97) and integrity (98): hooks that run before the root is switched to, with the root at /sysroot. They take their settings from
// /etc/sysconfig/{masterkey,evm,ima} of that root, and the kernel's command line goes before them.
import type { Errno } from "../../errno/index.ts";
import type { Parameter } from "../cmdline.ts";
import { valuesOf } from "../cmdline.ts";
import type { Process } from "../process.ts";
import { failed, isThere, readAll, writeInto } from "./files.ts";
import type { BootFinding, BootRecorder } from "./report.ts";

export type DracutModule = "masterkey" | "integrity";

const NEW_ROOT = "/sysroot";
const SECURITYFS = "/sys/kernel/security";
const USER_KEYRING = -4;
/** masterkey.sh: PCRLOCKNUM */
const PCR_LOCK = 11;

const utf8 = new TextDecoder();
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

interface Hooks {
  readonly process: Process;
  readonly recorder: BootRecorder;
  readonly parameters: readonly Parameter[];
  readonly release: string;
}

class Unreadable extends Error {}

/** Assignments of a shell file. @throws Unreadable for anything else, which only a shell could follow */
function settings(process: Process, name: string): Map<string, string> {
  const path = `${NEW_ROOT}/etc/sysconfig/${name}`;
  const found = new Map<string, string>();
  if (!isThere(process, path)) return found;
  const content = readAll(process, path);
  // A shell that cannot read what it sources goes on, or ends: that depends on the shell.
  if (!content.ok) throw new Unreadable(`${path} cannot be read: ${content.errno}`);
  for (const line of utf8.decode(content.value).split("\n")) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(?:"([^"$`\\]*)"|'([^']*)'|([^\s"'$`\\;&|()]*))\s*(?:#.*)?$/.exec(
      line,
    );
    if (match === null) throw new Unreadable(`${path} holds more than assignments`);
    found.set(match[1]!, match[2] ?? match[3] ?? match[4] ?? "");
  }
  return found;
}

const parameter = ({ parameters }: Hooks, name: string): string | undefined => valuesOf(parameters, name).at(-1);

const missing = (path: string): BootFinding => ({ outcome: "skipped", file: path, detail: "there is no such file" });

/** `$(cat file)` loses line ends behind the content. */
const trimmed = (bytes: Uint8Array): string => utf8.decode(bytes).replace(/\n+$/, "");

function masterKey(hooks: Hooks): BootFinding {
  const { process } = hooks;
  const set = settings(process, "masterkey");
  const type = parameter(hooks, "masterkeytype") ?? (set.get("MASTERKEYTYPE") || "trusted");
  const suffix = set.get("MULTIKERNELMODE") === "YES" ? `-${hooks.release}` : "";
  const name = parameter(hooks, "masterkey") ?? (set.get("MASTERKEY") || `/etc/keys/kmk-${type}${suffix}.blob`);
  const path = NEW_ROOT + name;
  if (!isThere(process, path)) return missing(path);
  const blob = readAll(process, path);
  if (!blob.ok) return failed(blob.errno, path);
  const text = type === "trusted" ? `load ${trimmed(blob.value)} pcrlock=${PCR_LOCK}` : trimmed(blob.value);
  const added = process.sys.addKey(type, `kmk-${type}`, bytesOf(text), USER_KEYRING);
  return added.ok ? { outcome: "ok", file: path } : failed(added.errno, path, `no key of type ${type} was made of it`);
}

function enableEvm(hooks: Hooks): BootFinding {
  const { process } = hooks;
  const switchFile = `${SECURITYFS}/evm`;
  if (!isThere(process, switchFile)) return { outcome: "skipped", detail: "the kernel has no EVM" };
  const name = parameter(hooks, "evmkey") ?? (settings(process, "evm").get("EVMKEY") || "/etc/keys/evm-trusted.blob");
  const path = NEW_ROOT + name;
  if (!isThere(process, path)) return missing(path);
  const blob = readAll(process, path);
  if (!blob.ok) return failed(blob.errno, path);
  const key = process.sys.addKey("encrypted", "evm-key", bytesOf(`load ${trimmed(blob.value)}`), USER_KEYRING);
  if (!key.ok) return failed(key.errno, path, "the key of EVM was not made of it");
  const refused = writeInto(process, switchFile, [bytesOf("1\n")]);
  process.sys.unlinkKey(key.value, USER_KEYRING);
  return refused === null ? { outcome: "ok", file: path } : failed(refused, switchFile);
}

/** The DER of a certificate; PEM is taken too, as evmctl does. */
function der(bytes: Uint8Array): Uint8Array {
  const body = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END/.exec(utf8.decode(bytes))?.[1];
  const base64 = body?.replace(/\s/g, "");
  // What is no whole base64 is left to the kernel to refuse.
  if (base64 === undefined || base64.length % 4 !== 0 || !/^[^=]*={0,2}$/.test(base64)) return bytes;
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

function loadKeys({ process, recorder }: Hooks): BootFinding {
  const ring = recorder.kernel.keyBridge
    .listKeys(process)
    .find((key) => key.type === "keyring" && (key.text === ".ima" || key.text.startsWith(".ima:")));
  const folder = NEW_ROOT + (settings(process, "ima").get("IMAKEYSDIR") || "/etc/keys/ima");
  const names = process.sys.readdir(folder);
  if (!names.ok) return missing(folder);
  if (ring === undefined) return { outcome: "unknown", file: folder, detail: "there is no .ima keyring" };
  let refused: { errno: Errno; file: string } | null = null;
  let loaded = 0;
  for (const name of [...names.value].sort()) {
    const file = `${folder}/${name}`;
    if (name === "." || name === "..") continue;
    const bytes = readAll(process, file);
    const added = bytes.ok ? process.sys.addKey("asymmetric", "", der(bytes.value), ring.serial) : bytes;
    if (added.ok) loaded++;
    else refused ??= { errno: added.errno, file };
  }
  if (refused !== null) return failed(refused.errno, refused.file, "the certificate is not on .ima");
  return loaded === 0 ? missing(folder) : { outcome: "ok", file: folder };
}

function loadPolicy({ process }: Hooks): BootFinding {
  const path = NEW_ROOT + (settings(process, "ima").get("IMAPOLICY") || "/etc/sysconfig/ima-policy");
  if (!isThere(process, path)) return missing(path);
  const text = readAll(process, path);
  if (!text.ok) return failed(text.errno, path);
  const refused = writeInto(process, `${SECURITYFS}/ima/policy`, [text.value]);
  return refused === null
    ? { outcome: "ok", file: path }
    : failed(refused, path, "the kernel does not take the policy");
}

/** In their order: masterkey (60), EVM and keys (61), policy (62). None of them stops a boot. */
export function runDracutHooks(modules: readonly DracutModule[], hooks: Hooks): void {
  const hook = (what: string, body: (hooks: Hooks) => BootFinding) =>
    hooks.recorder.step("initramfs", what, () => {
      try {
        return body(hooks);
      } catch (error) {
        if (error instanceof Unreadable) return { outcome: "unknown", detail: error.message };
        throw error;
      }
    });
  if (modules.includes("masterkey")) hook("dracut loads the master key", masterKey);
  if (!modules.includes("integrity")) return;
  hook("dracut switches EVM on", enableEvm);
  if (!isThere(hooks.process, `${SECURITYFS}/ima`)) return;
  hook("dracut loads keys for .ima", loadKeys);
  hook("dracut loads the policy", loadPolicy);
}
