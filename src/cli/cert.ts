// imasim cert: what the kernel makes of a certificate, and which keyrings would take it under which configuration.
import { Command } from "commander";
import { type Errno, InputError } from "../errno/index.ts";
import { inspect } from "../formats/index.ts";
import { type CertificateSurvey, type SurveyOptions, type SurveyRow, surveyCertificate } from "../keyring/index.ts";
import { type KconfigValues, Release } from "../release/index.ts";
import { endWith, print, readDer } from "./bytes.node.ts";

const REFUSED = 1;

interface Options {
  readonly builtin: readonly string[];
  readonly secondary: readonly string[];
  readonly config: readonly string[];
  readonly release: string;
  readonly json?: boolean;
}

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

function kconfig(settings: readonly string[]): KconfigValues {
  const values: Record<string, KconfigValues[string]> = {};
  for (const setting of settings) {
    const [symbol, value] = setting.split(/=(.*)/s);
    if (symbol === undefined || value === undefined)
      throw new InputError("bad-kconfig", "--config", `'${setting}' is not of the form SYMBOL=VALUE`);
    values[symbol] = value === "y" || value === "n" ? value === "y" : /^\d+$/.test(value) ? Number(value) : value;
  }
  return values;
}

function rowText({ keyring, when, bootOnly, errno, steps }: SurveyRow): string {
  const missing = steps.find((step) => !step.met);
  const how = bootOnly ? " at boot, from the firmware" : "";
  const wants = missing === undefined ? "" : `: it wants ${missing.condition}; ${missing.detail}`;
  const verdict = errno === null ? `takes it${how}` : `refuses it (${errno})${wants}`;
  return `  ${keyring.padEnd(24)} ${when.padEnd(54)} ${verdict}`;
}

function surveyText(file: string, survey: CertificateSurvey, pem: boolean): string {
  const usage = [survey.digitalSignature && "digitalSignature", survey.keyCertSign && "keyCertSign", survey.ca && "CA"];
  const lines = [
    `${file}${pem ? " (PEM: the kernel wants it as DER)" : ""}`,
    `  key          '${survey.description}'`,
    `  key id       ${survey.keyId ?? "none: no signature can name this key"}`,
    `  algorithm    ${survey.algorithm}`,
    `  signed       ${survey.signature}${survey.selfSigned ? ", by itself" : ""}`,
    `  usage        ${usage.filter((word) => word !== false).join(", ") || "none"}`,
    ...survey.rows.map(rowText),
    `  ${"_ima, _evm".padEnd(24)} ${"INTEGRITY_TRUSTED_KEYRING=n".padEnd(54)} takes it: user space makes these keyrings`,
  ];
  return `${lines.join("\n")}\n`;
}

function unreadText(der: Uint8Array, release: Release, errno: Errno): string {
  const { faults } = inspect(der, { kind: "certificate", release });
  const fault = faults.find(({ code }) => code !== "no-key-identifier");
  return fault === undefined ? `${errno}, its own signature does not verify` : fault.message;
}

export function certCommand(): Command {
  return new Command("cert")
    .description("what the kernel makes of certificates, and which keyrings would take them under which configuration")
    .argument("<file...>", "certificates in DER or PEM")
    .option("--builtin <file>", "a certificate compiled into the kernel; may be repeated", collect, [])
    .option("--secondary <file>", "a certificate on the secondary keyring; may be repeated", collect, [])
    .option("--config <symbol=value>", "a Kconfig symbol: y, n, a number or a text; may be repeated", collect, [])
    .option("--release <release>", "the kernel's release", "6.12")
    .option("--json", "one JSON object a file")
    .addHelpText("after", "\nExit status: 0 every certificate can be read, 1 one cannot, 2 unusable input.")
    .action((files: readonly string[], options: Options) => {
      const how: SurveyOptions = {
        release: Release.parse(options.release),
        config: kconfig(options.config),
        builtin: options.builtin.map((file) => readDer(file).der),
        secondary: options.secondary.map((file) => readDer(file).der),
      };
      for (const file of files) {
        const { der, pem } = readDer(file);
        const survey = surveyCertificate(der, how);
        if (!survey.ok) endWith(REFUSED);
        if (options.json)
          print(`${JSON.stringify(survey.ok ? { file, pem, ...survey.value } : { file, pem, errno: survey.errno })}\n`);
        else
          print(
            survey.ok
              ? surveyText(file, survey.value, pem)
              : `${file}\n  the kernel does not read it: ${unreadText(der, how.release, survey.errno)}\n`,
          );
      }
    });
}
