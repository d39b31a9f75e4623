// dracut's modules masterkey (97) and integrity (98): hooks that run before the root is switched to, with the root at /sysroot. They take their settings from
// /etc/sysconfig/{masterkey,evm,ima} of that root, and the kernel's command line goes before them (dracut 055 and later: modules.d/97masterkey/masterkey.sh,
// modules.d/98integrity/{evm-enable,ima-keys-load,ima-policy-load}.sh).
import type { Errno } from "../../errno/index.ts";
import type { Process } from "../process.ts";
import { failed, isFile, isThere, readAll, writeInto } from "./files.ts";
import type { BootFinding, BootRecorder } from "./report.ts";
import { OnlyShell, ShellSettings } from "./shell-settings.ts";

export type DracutModule = "masterkey" | "integrity";

const NEW_ROOT = "/sysroot";
const SECURITYFS = "/sys/kernel/security";
const USER_KEYRING = -4;
/** masterkey.sh: PCRLOCKNUM */
const PCR_LOCK = 11;
/** evm-enable.sh: EVM_INIT_HMAC, EVM_INIT_X509 */
const WITH_HMAC = 1;
const WITH_X509 = 2;

const utf8 = new TextDecoder();
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

interface Hooks {
  readonly process: Process;
  readonly recorder: BootRecorder;
  readonly settings: ShellSettings;
}

const missing = (path: string): BootFinding => ({ outcome: "skipped", file: path, detail: "there is no such file" });

/** `$(cat file)` loses line ends behind the content, and what no variable can hold. */
const trimmed = (bytes: Uint8Array): string => utf8.decode(bytes).replaceAll("\0", "").replace(/\n+$/, "");

/** `read -r` takes the first line without the spaces around it. */
const firstLine = (bytes: Uint8Array): string => utf8.decode(bytes).replaceAll("\0", "").split("\n")[0]!.trim();

function masterKey({ process, settings, recorder }: Hooks): BootFinding {
  settings.set("MULTIKERNELMODE", "NO");
  settings.source(`${NEW_ROOT}/etc/sysconfig/masterkey`);
  settings.override("MASTERKEY", "masterkey");
  settings.override("MASTERKEYTYPE", "masterkeytype");
  const type = settings.get("MASTERKEYTYPE") || "trusted";
  const suffix = settings.get("MULTIKERNELMODE") === "YES" ? `-${recorder.kernel.release.text}` : "";
  const path = NEW_ROOT + (settings.get("MASTERKEY") || `/etc/keys/kmk-${type}${suffix}.blob`);
  if (!isFile(process, path)) return missing(path);
  const blob = readAll(process, path);
  if (!blob.ok) return failed(blob.errno, path);
  const text = type === "trusted" ? `load ${trimmed(blob.value)} pcrlock=${PCR_LOCK}` : trimmed(blob.value);
  const added = process.sys.addKey(type, `kmk-${type}`, bytesOf(text), USER_KEYRING);
  return added.ok ? { outcome: "ok", file: path } : failed(added.errno, path, `no key of type ${type} was made of it`);
}

/** The key of the HMACs. @returns its number where it is there */
function loadEvmKey({ process, settings }: Hooks): { readonly finding: BootFinding; readonly key: number | null } {
  settings.source(`${NEW_ROOT}/etc/sysconfig/evm`);
  settings.override("EVMKEY", "evmkey");
  const path = NEW_ROOT + (settings.get("EVMKEY") || "/etc/keys/evm-trusted.blob");
  if (!isFile(process, path)) return { finding: missing(path), key: null };
  const blob = readAll(process, path);
  if (!blob.ok) return { finding: failed(blob.errno, path), key: null };
  const added = process.sys.addKey(
    settings.get("EVMKEYTYPE"),
    settings.get("EVMKEYDESC"),
    bytesOf(`load ${firstLine(blob.value)}`),
    USER_KEYRING,
  );
  return added.ok
    ? { finding: { outcome: "ok", file: path }, key: added.value }
    : { finding: failed(added.errno, path, "the key of EVM was not made of it"), key: null };
}

/** The kernel's own keyring of that purpose, or else one of root's, made where there is none. */
function keyringFor(process: Process, purpose: "ima" | "evm"): number | Errno {
  const ring = process.kernel.keyBridge
    .listKeys(process)
    .find((key) => key.type === "keyring" && (key.text === `.${purpose}` || key.text.startsWith(`.${purpose}:`)));
  if (ring !== undefined) return ring.serial;
  const found = process.sys.searchKeyring(USER_KEYRING, "keyring", `_${purpose}`, 0);
  if (found.ok) return found.value;
  const made = process.sys.addKey("keyring", `_${purpose}`, new Uint8Array(), USER_KEYRING);
  return made.ok ? made.value : made.errno;
}

/** The DER of a certificate; PEM is taken too, as evmctl does. */
function der(bytes: Uint8Array): Uint8Array {
  const body = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END/.exec(utf8.decode(bytes))?.[1];
  const base64 = body?.replace(/\s/g, "");
  // What is no whole base64 is left to the kernel to refuse.
  if (base64 === undefined || base64.length % 4 !== 0 || !/^[^=]*={0,2}$/.test(base64)) return bytes;
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

/** evmctl import */
function importCertificate(process: Process, file: string, keyring: number): Errno | null {
  const bytes = readAll(process, file);
  const added = bytes.ok ? process.sys.addKey("asymmetric", "", der(bytes.value), keyring) : bytes;
  return added.ok ? null : added.errno;
}

/** `folder/*`, files alone. */
function filesIn(process: Process, folder: string): string[] {
  const names = process.sys.readdir(folder);
  return (names.ok ? [...names.value].sort() : [])
    .filter((name) => !name.startsWith("."))
    .map((name) => `${folder}/${name}`)
    .filter((path) => isFile(process, path));
}

/** Certificates for signatures: the first that is refused ends it, and then they do not count. */
function loadEvmCertificates({ process, settings }: Hooks): BootFinding {
  settings.override("EVMX509", "evmx509");
  const single = NEW_ROOT + (settings.get("EVMX509") || "/etc/keys/x509_evm.der");
  const keyring = keyringFor(process, "evm");
  if (typeof keyring === "string") return failed(keyring, single, "there is no keyring for EVM");
  const folder = NEW_ROOT + (settings.get("EVMKEYSDIR") || "/etc/keys/evm");
  const files = [...(isFile(process, single) ? [single] : []), ...filesIn(process, folder)];
  for (const file of files) {
    const refused = importCertificate(process, file, keyring);
    if (refused !== null) return failed(refused, file, "the certificate is not taken for EVM");
  }
  return files.length === 0 ? missing(folder) : { outcome: "ok", file: files[0]! };
}

function enableEvm(hooks: Hooks): BootFinding {
  const { process, settings } = hooks;
  const switchFile = `${SECURITYFS}/evm`;
  settings.set("EVMKEYDESC", "evm-key");
  settings.set("EVMKEYTYPE", "encrypted");
  settings.set("EVM_ACTIVATION_BITS", "0");
  if (!isThere(process, switchFile)) return { outcome: "skipped", detail: "the kernel has no EVM" };
  const hmac = loadEvmKey(hooks);
  const x509 = loadEvmCertificates(hooks);
  const loaded = (hmac.key === null ? 0 : WITH_HMAC) | (x509.outcome === "ok" ? WITH_X509 : 0);
  // What is there and was refused tells more than what is not there.
  if (loaded === 0) return x509.outcome === "failed" && hmac.finding.outcome !== "failed" ? x509 : hmac.finding;
  const more = settings.get("EVM_ACTIVATION_BITS");
  if (!/^(0|[1-9]\d{0,9})$/.test(more)) throw new OnlyShell(`EVM_ACTIVATION_BITS is ${JSON.stringify(more)}`);
  const refused = writeInto(process, switchFile, [bytesOf(`${(loaded | Number(more)) >>> 0}\n`)]);
  if (hmac.key !== null) process.sys.unlinkKey(hmac.key, USER_KEYRING);
  const { file } = hmac.key === null ? x509 : hmac.finding;
  return refused === null ? { outcome: "ok", file: file! } : failed(refused, switchFile);
}

function loadKeys({ process, settings }: Hooks): BootFinding {
  const keyring = keyringFor(process, "ima");
  settings.source(`${NEW_ROOT}/etc/sysconfig/ima`);
  const folder = NEW_ROOT + (settings.get("IMAKEYSDIR") || "/etc/keys/ima");
  if (typeof keyring === "string") return failed(keyring, folder, "there is no keyring for IMA");
  const files = filesIn(process, folder);
  const refused = files.flatMap((file) => {
    const errno = importCertificate(process, file, keyring);
    return errno === null ? [] : [{ errno, file }];
  });
  const [first] = refused;
  if (first !== undefined) return failed(first.errno, first.file, "the certificate is not taken for IMA");
  return files.length === 0 ? missing(folder) : { outcome: "ok", file: folder };
}

/** By its path, and where the kernel does not take that, its text. */
function loadPolicy({ process, settings }: Hooks): BootFinding {
  settings.set("IMAPOLICY", "/etc/sysconfig/ima-policy");
  settings.source(`${NEW_ROOT}/etc/sysconfig/ima`);
  const path = NEW_ROOT + settings.get("IMAPOLICY");
  if (!isFile(process, path)) return missing(path);
  const policyFile = `${SECURITYFS}/ima/policy`;
  if (writeInto(process, policyFile, [bytesOf(path)]) === null) return { outcome: "ok", file: path };
  const text = readAll(process, path);
  if (!text.ok) return failed(text.errno, path);
  const refused = writeInto(process, policyFile, [text.value]);
  return refused === null
    ? { outcome: "ok", file: path }
    : failed(refused, path, "the kernel does not take the policy");
}

/** In their order: masterkey (60), EVM and keys (61), policy (62). None of them stops a boot. */
export function runDracutHooks(modules: readonly DracutModule[], recorder: BootRecorder): void {
  const process = recorder.kernel.initProcess;
  const hooks: Hooks = { process, recorder, settings: new ShellSettings(process) };
  const hook = (what: string, body: (hooks: Hooks) => BootFinding) =>
    recorder.step("initramfs", what, () => {
      try {
        return body(hooks);
      } catch (error) {
        if (error instanceof OnlyShell) return { outcome: "unknown", detail: error.message };
        throw error;
      }
    });
  if (modules.includes("masterkey")) hook("dracut loads the master key", masterKey);
  if (!modules.includes("integrity")) return;
  hook("dracut switches EVM on", enableEvm);
  if (!isThere(process, `${SECURITYFS}/ima`)) return;
  hook("dracut loads keys for .ima", loadKeys);
  hook("dracut loads the policy", loadPolicy);
}
