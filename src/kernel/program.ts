// What a program does once it runs, as far as it is one of the tiny ones that test files are: a few x86-64 instructions that
// end in exit(2) or sleep in pause(2). A program of any other kind is not run: its outcome here is "exit 0", for what
// integrity decides about it has been decided by then.

export type Outcome = { readonly exit: number } | { readonly signal: "SIGSEGV" | "SIGILL" } | "sleeps";

const SYS_PAUSE = 34;
const SYS_EXIT = 60;
const SYS_EXIT_GROUP = 231;
const MAX_STEPS = 10_000;

/** Runs `code` from its first byte. */
export function runProgram(code: Uint8Array): Outcome {
  const registers = new Int32Array(8); // eax ecx edx ebx esp ebp esi edi
  let at = 0;
  for (let step = 0; step < MAX_STEPS; step++) {
    const op = code[at];
    if (op === undefined) return { signal: "SIGSEGV" };
    if (op >= 0xb8 && op <= 0xbf && at + 5 <= code.length) {
      registers[op - 0xb8] = code[at + 1]! | (code[at + 2]! << 8) | (code[at + 3]! << 16) | (code[at + 4]! << 24);
      at += 5;
    } else if (op === 0x31 && at + 2 <= code.length && code[at + 1]! >> 6 === 3) {
      const to = code[at + 1]! & 7;
      registers[to] = registers[to]! ^ registers[(code[at + 1]! >> 3) & 7]!;
      at += 2;
    } else if (op === 0xeb && at + 2 <= code.length) {
      at += 2 + ((code[at + 1]! << 24) >> 24);
      if (at < 0) return { signal: "SIGSEGV" };
    } else if (op === 0x90) {
      at += 1;
    } else if (op === 0x0f && code[at + 1] === 0x05) {
      const call = registers[0]!;
      if (call === SYS_EXIT || call === SYS_EXIT_GROUP) return { exit: registers[7]! & 255 };
      if (call === SYS_PAUSE) return "sleeps";
      return { exit: 0 };
    } else return { exit: 0 };
  }
  return "sleeps";
}
