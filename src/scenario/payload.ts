// The tiny x86-64 programs that scenarios name instead of spelling their bytes: `true`, `exit:N`, `pause`, `interp:/path`.
// They are laid out as the recorder lays them out, so that digests agree.
import { InputError } from "../errno/index.ts";

const BASE = 0x400000;
const utf8 = new TextEncoder();

/**
 * @param kind `true` (exit 0), `exit:N`, `pause` (sleeps until killed), `interp:/path` (a program with an ELF interpreter)
 * @param pad text appended to the file
 * @throws InputError `bad-payload`
 */
export function payload(kind: string, pad = "", where = "payload"): Uint8Array {
  const colon = kind.indexOf(":");
  const what = colon < 0 ? kind : kind.slice(0, colon);
  const argument = colon < 0 ? "" : kind.slice(colon + 1);
  let code: number[];
  // pause: mov eax,34; syscall; jmp back.  Else: mov edi,N; mov eax,60; syscall.
  if (what === "pause") code = [0xb8, 0x22, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7];
  else {
    const status = what === "exit" ? Number(argument) : 0;
    if (
      (what !== "true" && what !== "exit" && what !== "interp") ||
      !Number.isInteger(status) ||
      status < 0 ||
      status > 0xffffffff
    )
      throw new InputError("bad-payload", where, `'${kind}' is none of true, exit:N, pause, interp:/path`);
    code = [
      0xbf,
      status & 255,
      (status >>> 8) & 255,
      (status >>> 16) & 255,
      status >>> 24,
      0xb8,
      0x3c,
      0,
      0,
      0,
      0x0f,
      0x05,
    ];
  }
  const interpreter = what === "interp" ? utf8.encode(`${argument}\0`) : new Uint8Array();
  const headers = what === "interp" ? 2 : 1;
  const start = 64 + 56 * headers;
  const size = start + code.length + interpreter.length;
  const tail = utf8.encode(pad);
  const file = new Uint8Array(size + tail.length);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 62, true);
  view.setUint32(20, 1, true);
  view.setUint32(24, BASE + start, true);
  view.setUint32(32, 64, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, headers, true);
  view.setUint16(58, 64, true);
  const programHeader = (at: number, type: number, flags: number, offset: number, length: number) => {
    view.setUint32(at, type, true);
    view.setUint32(at + 4, flags, true);
    view.setUint32(at + 8, offset, true);
    view.setUint32(at + 16, BASE + offset, true);
    view.setUint32(at + 24, BASE + offset, true);
    view.setUint32(at + 32, length, true);
    view.setUint32(at + 40, length, true);
    view.setUint32(at + 48, 4096, true);
  };
  if (what === "interp") programHeader(64, 3, 4, start + code.length, interpreter.length);
  programHeader(64 + 56 * (headers - 1), 1, 5, 0, size);
  file.set(code, start);
  file.set(interpreter, start + code.length);
  file.set(tail, size);
  return file;
}
