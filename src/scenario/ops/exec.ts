// Ops that run programs.

import type { ExecOutcome } from "../../kernel/index.ts";
import { bad, type Fields, failAt, fdArgument, type Op, stepCredentials } from "./context.ts";

const MAX_ARGUMENTS = 19;

function reportEnd(out: Fields, end: ExecOutcome): void {
  if ("exit" in end) out["exit"] = end.exit;
  else out["signal"] = end.signal;
  out["ret"] = 0;
}

export const EXEC_OPS = {
  exec(c) {
    const { a, out, driver, process } = c;
    const path = a.text("path");
    const argv = a.step["argv"];
    const list = Array.isArray(argv)
      ? argv.map(String)
      : argv === undefined
        ? [path ?? "fd"]
        : String(argv).split("\n");
    const fd = a.has("fd") ? fdArgument(c) : undefined;
    if (a.has("fd") && fd === undefined) return;
    // The driver tells its child's failure through a pipe, whose inode takes a number of the shared counter.
    c.kernel.vfs.nextIno++;
    const child = process.fork();
    const credentials = stepCredentials(a);
    if (credentials !== undefined)
      child.setIds({ ...credentials, suid: credentials.euid, sgid: credentials.egid, groups: [] });
    if (a.names("personality")?.includes("READ_IMPLIES_EXEC")) child.readImpliesExec = true;
    const args = list.filter((word) => word !== "").slice(0, MAX_ARGUMENTS);
    const check = a.truthy("check");
    const started = fd === undefined ? child.sys.execve(path ?? "", args, check) : child.sys.execveat(fd, args, check);
    if (!started.ok) {
      child.exit();
      return failAt(out, started.errno);
    }
    const name = a.text("proc");
    if (name !== undefined) {
      if (!driver.processes.has(name)) driver.processes.set(name, child);
      if (started.value !== "sleeps") child.exit();
      out["ret"] = 0;
      return;
    }
    child.exit();
    if (started.value === "sleeps") bad(out, "still running after 5 s, killed");
    else reportEnd(out, started.value);
  },
  killproc(c) {
    const name = c.a.text("proc") ?? "";
    const child = c.driver.processes.get(name);
    if (child === undefined) return bad(c.out, "no such process handle");
    c.driver.processes.delete(name);
    const end = child.outcome;
    child.exit();
    reportEnd(c.out, end === null || end === "sleeps" ? { signal: "SIGKILL" } : end);
  },
} satisfies Readonly<Record<string, Op>>;
