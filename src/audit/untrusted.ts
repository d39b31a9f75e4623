// How audit prints a string that a user chose (kernel/audit.c: audit_log_n_untrustedstring): in double quotes, or, where it holds a
// quote, a space, a control character or a byte of 0x7f and above, as upper-case hex without quotes.

const utf8 = new TextEncoder();
const PLAIN = /^[!#-~]*$/;

export function untrusted(text: string | Uint8Array): string {
  if (typeof text === "string" && PLAIN.test(text)) return `"${text}"`;
  const bytes = typeof text === "string" ? utf8.encode(text) : text;
  const latin1 = String.fromCharCode(...bytes);
  if (PLAIN.test(latin1)) return `"${latin1}"`;
  let hex = "";
  for (const b of bytes) hex += b.toString(16).toUpperCase().padStart(2, "0");
  return hex;
}
