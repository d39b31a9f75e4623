// Which keyrings would take a certificate, under which configuration: a kernel of each configuration is set up with the given trusted
// certificates, and asked.
import { bytesToHex } from "@noble/hashes/utils.js";
import { KernelLog } from "../../audit/index.ts";
import { type Errno, fail, ok, type Result } from "../../errno/index.ts";
import { Kconfig, type KconfigValues, type Release } from "../../release/index.ts";
import { loadCertificate } from "../certificate.ts";
import { createOrUpdate } from "../create.ts";
import { loadCompiledIn, makeIntegrityKeyring, makeSystemKeyrings } from "../kernel-keyrings.ts";
import type { Key } from "../key.ts";
import { textOf } from "../key-types/asymmetric.ts";
import { KeyService } from "../service.ts";
import type { KernelKeyrings, KeyState } from "../state.ts";
import { diagnoseCertificate, type TrustStep } from "./certificate.ts";

interface Place {
  readonly keyring: string;
  readonly slot: keyof KernelKeyrings;
  /** What the configuration is called. */
  readonly when: string;
  readonly config: KconfigValues;
  /** Only the kernel itself puts keys there, at boot. */
  readonly bootOnly: boolean;
}

const SECONDARY = "IMA_KEYRINGS_PERMIT_SIGNED_BY_BUILTIN_OR_SECONDARY";
const MACHINE = { INTEGRITY_MACHINE_KEYRING: true } as const;
const integrity = (slot: "ima" | "evm"): readonly Place[] => [
  { keyring: `.${slot}`, slot, when: `${SECONDARY}=y`, config: { [SECONDARY]: true }, bootOnly: false },
  { keyring: `.${slot}`, slot, when: `${SECONDARY}=n`, config: { [SECONDARY]: false }, bootOnly: false },
];
const PLACES: readonly Place[] = [
  ...integrity("ima"),
  ...integrity("evm"),
  {
    keyring: ".secondary_trusted_keys",
    slot: "secondary",
    when: "SECONDARY_TRUSTED_KEYRING=y",
    config: {},
    bootOnly: false,
  },
  { keyring: ".ima_blacklist", slot: "imaBlacklist", when: "IMA_BLACKLIST_KEYRING=y", config: {}, bootOnly: false },
  { keyring: ".machine", slot: "machine", when: "INTEGRITY_MACHINE_KEYRING=y", config: MACHINE, bootOnly: true },
  {
    keyring: ".machine",
    slot: "machine",
    when: "INTEGRITY_CA_MACHINE_KEYRING=y",
    config: { ...MACHINE, INTEGRITY_CA_MACHINE_KEYRING: true },
    bootOnly: true,
  },
  {
    keyring: ".machine",
    slot: "machine",
    when: "INTEGRITY_CA_MACHINE_KEYRING_MAX=y",
    config: { ...MACHINE, INTEGRITY_CA_MACHINE_KEYRING: true, INTEGRITY_CA_MACHINE_KEYRING_MAX: true },
    bootOnly: true,
  },
  {
    keyring: ".platform",
    slot: "platform",
    when: "INTEGRITY_PLATFORM_KEYRING=y",
    config: { INTEGRITY_PLATFORM_KEYRING: true },
    bootOnly: true,
  },
];

export interface SurveyOptions {
  readonly release: Release;
  /** Kconfig symbols that differ from the default. */
  readonly config: KconfigValues;
  /** Compiled-in certificates. */
  readonly builtin: readonly Uint8Array[];
  /** Certificates that are on the secondary keyring already. */
  readonly secondary: readonly Uint8Array[];
}

export interface SurveyRow {
  readonly keyring: string;
  readonly when: string;
  /** Keys come there at boot alone, from the firmware. */
  readonly bootOnly: boolean;
  readonly errno: Errno | null;
  readonly steps: readonly TrustStep[];
}

export interface CertificateSurvey {
  /** What the key is called when nobody names it. */
  readonly description: string;
  /** The key id in signature headers; null without a subject key identifier. */
  readonly keyId: string | null;
  readonly algorithm: string;
  readonly signature: string;
  readonly selfSigned: boolean;
  readonly digitalSignature: boolean;
  readonly keyCertSign: boolean;
  readonly ca: boolean;
  readonly rows: readonly SurveyRow[];
}

function kernelOf({ release, config, builtin, secondary }: SurveyOptions, place: Place): KeyState {
  const values = { ...config, ...place.config };
  const { state } = new KeyService({
    release,
    config: Kconfig.withDefaults(values),
    log: new KernelLog(),
    clock: () => 0,
  });
  makeSystemKeyrings(state, []);
  loadCompiledIn(state, builtin);
  makeIntegrityKeyring(state, "ima", null);
  makeIntegrityKeyring(state, "evm", null);
  for (const payload of secondary) addTrusted(state, state.rings.secondary, payload);
  return state;
}

function addTrusted(state: KeyState, keyring: Key | null, payload: Uint8Array): void {
  if (keyring === null) return;
  createOrUpdate(state, state.kernel, {
    keyring: { key: keyring, possessed: true },
    type: "asymmetric",
    description: null,
    payload,
    kernel: true,
    bypassRestriction: true,
  });
}

/** @returns the errors of a certificate that cannot be read. Configurations that the other symbols rule out are left out. */
export function surveyCertificate(der: Uint8Array, options: SurveyOptions): Result<CertificateSurvey> {
  const plain = kernelOf(options, PLACES[0]!);
  const loaded = loadCertificate(plain, der);
  if (!loaded.ok) return fail(loaded.errno);
  const { certificate, selfSigned } = loaded.value;
  const rows = PLACES.flatMap((place): SurveyRow[] => {
    const state = kernelOf(options, place);
    const keyring = state.rings[place.slot];
    if (keyring === null) return [];
    const { errno, steps } = diagnoseCertificate(state, keyring, der);
    return [{ keyring: place.keyring, when: place.when, bootOnly: place.bootOnly, errno, steps }];
  });
  const { skid, serial, subject, publicKey, signature, digitalSignature, keyCertSign, ca } = certificate;
  return ok({
    description: `${textOf(subject)}: ${bytesToHex(skid ?? serial)}`,
    keyId: skid === null ? null : bytesToHex(skid.subarray(-4)),
    algorithm: publicKey.algorithm,
    signature: `${signature.algorithm} with ${signature.hash}`,
    selfSigned,
    digitalSignature,
    keyCertSign,
    ca,
    rows,
  });
}
