// How audit prints a string that a user chose (kernel/audit.c: audit_log_n_untrustedstring): in double quotes, or, where it holds a
// quote, a space, a control character or a byte of 0x7f and above, as upper-case hex without quotes.

const utf8 = new TextEncoder();

export function untrusted(text: string | Uint8Array): string {
  const bytes = typeof text === "string" ? utf8.encode(text) : text;
  let plain = true;
  for (const b of bytes) if (b < 0x21 || b > 0x7e || b === 0x22) plain = false;
  if (plain) return `"${String.fromCharCode(...bytes)}"`;
  let hex = "";
  for (const b of bytes) hex += b.toString(16).toUpperCase().padStart(2, "0");
  return hex;
}
