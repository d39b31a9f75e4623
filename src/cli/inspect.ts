// imasim inspect: what a value of security.ima or security.evm, a signed file, a certificate is made of, and what is wrong with it.
import { Command, Option } from "commander";
import { InputError } from "../errno/index.ts";
import {
  type InspectKind,
  type InspectOptions,
  inspect,
  parseCertificate,
  renderInspection,
} from "../formats/index.ts";
import { Release } from "../release/index.ts";
import { endWith, hexOrFile, print } from "./bytes.node.ts";
import { readTrusted } from "./certificate-files.node.ts";

const FAULTS = 1;
const KINDS: readonly InspectKind[] = [
  "security.ima",
  "security.evm",
  "signed-file",
  "certificate",
  "pkcs7",
  "user-key",
  "verity-descriptor",
  "file-id",
];

interface Options {
  readonly ima?: boolean;
  readonly evm?: boolean;
  readonly kind?: InspectKind;
  readonly cert: readonly string[];
  readonly release: string;
  readonly json?: boolean;
}

function keyIdsOf(files: readonly string[], release: Release): Uint8Array[] {
  return files.flatMap((file) => {
    const ids = readTrusted([file], release).map((der) => {
      const parsed = parseCertificate(der, release);
      return parsed.ok ? parsed.value.skid : null;
    });
    const named = ids.filter((id) => id !== null);
    if (named.length === 0) throw new InputError("no-key-identifier", file, "has no subject key identifier");
    return named;
  });
}

function optionsOf({ ima, evm, kind, cert, release }: Options): InspectOptions {
  const parsed = Release.parse(release);
  const chosen = ima ? "security.ima" : evm ? "security.evm" : kind;
  const base = { release: parsed, keyIds: keyIdsOf(cert, parsed) };
  return chosen === undefined ? base : { ...base, kind: chosen };
}

export function inspectCommand(): Command {
  return new Command("inspect")
    .description("take apart a value of security.ima or security.evm, a signed file, a certificate, a PKCS#7 message")
    .argument("<hex|file...>", "hex digits, or files; - is the standard input")
    .addOption(new Option("--ima", "take it for security.ima").conflicts(["evm", "kind"]))
    .addOption(new Option("--evm", "take it for security.evm").conflicts(["ima", "kind"]))
    .addOption(new Option("--kind <kind>", "what it is, where that is not plain").choices(KINDS))
    .option(
      "--cert <file>",
      "look for the signature's key among certificates; may be repeated",
      (file, before: string[]) => [...before, file],
      [],
    )
    .option("--release <release>", "the kernel's release", "6.12")
    .option("--json", "one JSON object for each")
    .addHelpText("after", "\nExit status: 0 nothing is wrong, 1 something is, 2 unusable input.")
    .action((inputs: readonly string[], options: Options) => {
      const how = optionsOf(options);
      for (const input of inputs) {
        const bytes = hexOrFile(input);
        const inspection = inspect(bytes, how);
        if (inspection.faults.length > 0) endWith(FAULTS);
        if (options.json) print(`${JSON.stringify({ input: input.slice(0, 80), ...inspection })}\n`);
        else print(`${inputs.length > 1 ? `${input.slice(0, 80)}: ` : ""}${renderInspection(inspection, bytes)}`);
      }
    });
}
