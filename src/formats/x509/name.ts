// The name that the kernel makes of a distinguished name (crypto/asymmetric_keys/x509_cert_parser.c: x509_extract_name_segment,
// x509_fabricate_name): common name, with the organisation before it unless it says so itself.

/** The parts of a distinguished name that count, as raw bytes; the last of each kind wins. */
export interface NameParts {
  commonName?: Uint8Array;
  organizationName?: Uint8Array;
  emailAddress?: Uint8Array;
}

/** So many bytes in common with the organisation make it superfluous. */
const SIGNIFICANT = 7;
const COLON_SPACE = Uint8Array.of(0x3a, 0x20);

function startsAlike(a: Uint8Array, b: Uint8Array, length: number): boolean {
  if (a.length < length || b.length < length) return false;
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The kernel keeps the length of a part in one byte. */
function part(bytes: Uint8Array | undefined): Uint8Array | null {
  const length = (bytes?.length ?? 0) & 0xff;
  return length === 0 ? null : bytes!.subarray(0, length);
}

export function nameText(parts: NameParts): Uint8Array {
  const cn = part(parts.commonName);
  const o = part(parts.organizationName);
  const email = part(parts.emailAddress);
  if (cn && o && !startsAlike(cn, o, o.length) && !startsAlike(cn, o, SIGNIFICANT))
    return Uint8Array.of(...o, ...COLON_SPACE, ...cn);
  return cn ?? o ?? email ?? new Uint8Array();
}
