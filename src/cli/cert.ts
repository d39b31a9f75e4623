// imasim cert: what the kernel makes of a certificate, and which keyrings would take it under which configuration.
import { Command } from "commander";
import { type Errno, InputError, type Result } from "../errno/index.ts";
import { inspect, recogniseKeyFile } from "../formats/index.ts";
import { type CertificateSurvey, type SurveyOptions, type SurveyRow, surveyCertificate } from "../keyring/index.ts";
import { type KconfigValues, Release } from "../release/index.ts";
import { endWith, print } from "./bytes.node.ts";
import { readCertificates, readTrusted } from "./certificate-files.node.ts";

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

/** Said where nobody is trusted. */
const UNTRUSTING =
  "  No certificate was given as compiled into the kernel, so that it trusts none: --builtin CA.pem names one.";

function surveyText(heading: string, survey: CertificateSurvey, { builtin }: SurveyOptions): string {
  const usage = [survey.digitalSignature && "digitalSignature", survey.keyCertSign && "keyCertSign", survey.ca && "CA"];
  const lines = [
    heading,
    `  key          '${survey.description}'`,
    `  key id       ${survey.keyId ?? "none: no signature can name this key"}`,
    `  algorithm    ${survey.algorithm}`,
    `  signed       ${survey.signature}${survey.selfSigned ? ", by itself" : ""}`,
    `  usage        ${usage.filter((word) => word !== false).join(", ") || "none"}`,
    ...survey.rows.map(rowText),
    `  ${"_ima, _evm".padEnd(24)} ${"INTEGRITY_TRUSTED_KEYRING=n".padEnd(54)} takes it: user space makes these keyrings`,
    ...(builtin.length === 0 && survey.rows.some(({ errno }) => errno === "ENOKEY") ? [UNTRUSTING] : []),
  ];
  return `${lines.join("\n")}\n`;
}

function unreadText(der: Uint8Array, release: Release, errno: Errno): string {
  const other = recogniseKeyFile(der);
  if (other !== null) return [`this is ${other.what}`, other.advice].filter((line) => line !== "").join("\n  ");
  const { faults } = inspect(der, { kind: "certificate", release });
  const fault = faults.find(({ code }) => code !== "no-key-identifier");
  return `the kernel does not read it: ${fault === undefined ? `${errno}, its own signature does not verify` : fault.message}`;
}

function headingOf(file: string, block: number | null, of: number): string {
  if (block === null) return file;
  const which = of > 1 ? `, certificate ${block} of ${of}` : "";
  return `${file}${which} (PEM: the kernel wants it as DER${of > 1 ? ", each by itself" : ""}; openssl x509 -outform DER)`;
}

function jsonOf(file: string, block: number | null, der: Uint8Array, survey: Result<CertificateSurvey>): object {
  const about = { file, pem: block !== null, ...(block !== null && { block }) };
  if (survey.ok) return { ...about, ...survey.value };
  const other = recogniseKeyFile(der);
  return { ...about, errno: survey.errno, ...(other !== null && { is: other.kind }) };
}

export function certCommand(): Command {
  return new Command("cert")
    .description("what the kernel makes of certificates, and which keyrings would take them under which configuration")
    .argument("<file...>", "certificates in DER, or PEM with one or more")
    .option("--builtin <file>", "a certificate compiled into the kernel; may be repeated", collect, [])
    .option("--secondary <file>", "a certificate on the secondary keyring; may be repeated", collect, [])
    .option("--config <symbol=value>", "a Kconfig symbol: y, n, a number or a text; may be repeated", collect, [])
    .option("--release <release>", "the kernel's release", "6.12")
    .option("--json", "one JSON object a file")
    .addHelpText("after", "\nExit status: 0 every certificate can be read, 1 one cannot, 2 unusable input.")
    .action((files: readonly string[], options: Options) => {
      const release = Release.parse(options.release);
      const how: SurveyOptions = {
        release,
        config: kconfig(options.config),
        builtin: readTrusted(options.builtin, release),
        secondary: readTrusted(options.secondary, release),
      };
      for (const file of files) {
        const found = readCertificates(file);
        for (const { der, block } of found) {
          const survey = surveyCertificate(der, how);
          if (!survey.ok) endWith(REFUSED);
          const heading = headingOf(file, block, found.length);
          if (options.json) print(`${JSON.stringify(jsonOf(file, block, der, survey))}\n`);
          else
            print(
              survey.ok
                ? surveyText(heading, survey.value, how)
                : `${heading}\n  ${unreadText(der, release, survey.errno)}\n`,
            );
        }
      }
    });
}
