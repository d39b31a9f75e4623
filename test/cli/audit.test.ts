// imasim audit explain, run in this process on a log that mixes what machines write.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { auditCommand } from "../../src/cli/audit.node.ts";
import { assemble } from "../../src/cli/program.ts";

const folder = mkdtempSync(join(tmpdir(), "imasim-audit-"));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const LOG = `Linux version 6.12.117
audit: type=1800 audit(0.0:0): pid=1 uid=0 auid=4294967295 ses=4294967295 op=appraise_data cause=missing-hash comm="init" name="/mnt/bare" dev="ubdc" ino=15 res=0 errno=0
type=INTEGRITY_PCR msg=audit(1.000:2): pid=1 uid=0 auid=1 ses=1 op=invalid_pcr cause=ToMToU comm="init" name=2F6D6E742F1B5B324A20 dev="ubdc" ino=13 res=1 errno=0
audit: type=1800 audit(0.0:0): pid=1 uid=0 op=appraise_data cause=missing-ha
`;

async function run(text: string, ...args: string[]): Promise<{ status: number; out: string }> {
  const file = join(folder, "log");
  writeFileSync(file, text);
  let out = "";
  vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    out += String(chunk);
    return true;
  });
  await assemble("1.0.0", [auditCommand()]).parseAsync(["audit", "explain", ...args, file], { from: "user" });
  return { status: Number(process.exitCode ?? 0), out: out.replaceAll(file, "LOG") };
}

it("says of each finding which file, why and what to do, and what could not be read; names move no cursor", async () => {
  const { status, out } = await run(LOG);
  expect(status).toBe(1);
  expect(out).toContain("LOG: 2 integrity records, 2 findings\n");
  expect(out).toContain("failed appraisal: missing-hash /mnt/bare (ubdc, inode 15)\n");
  expect(out).toContain("To mend it: Label the file");
  expect(out).toContain("violation: ToMToU /mnt/\\x1b[2J  (ubdc, inode 13)\n");
  expect(out).toContain("cannot be read: LOG:4: the record has no comm=");
  expect(out).not.toContain("\u001b");
});
