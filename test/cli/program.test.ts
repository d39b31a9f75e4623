import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { assemble, failure } from "../../src/cli/program.ts";
import { InputError, KernelError } from "../../src/errno/index.ts";

/** Runs a command line in this process; `fault` is what the subcommand throws. */
async function run(args: string[], fault?: unknown): Promise<{ status: number; err: string }> {
  let err = "";
  const group = new Command("keys").addCommand(new Command("list").option("--json"));
  const play = new Command("play")
    .argument("<file>")
    .option("--json")
    .action(() => {
      if (fault !== undefined) throw fault;
    });
  const program = assemble("1.2.3", [play, group]);
  const silent = { writeOut: () => {}, writeErr: (text: string) => (err += text) };
  for (const each of [program, play, group, ...group.commands]) each.configureOutput(silent);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    const { line, status } = failure(error);
    return { status, err: line === undefined ? err : `${err}${line}\n` };
  }
  return { status: 0, err };
}

describe("the command line", () => {
  it.each([[["--help"]], [["--version"]], [["play", "--help"]], [["keys", "list", "--help"]], [["play", "a"]]])(
    "%j is well",
    async (args) => {
      expect(await run(args)).toEqual({ status: 0, err: "" });
    },
  );

  it.each([
    [["--nosuch"], "imasim: unknown option '--nosuch'\n"],
    [["nosuch"], "imasim: unknown command 'nosuch'\n"],
    [["play"], "imasim: missing required argument 'file'\n"],
    [["play", "a", "--jsn"], "imasim: unknown option '--jsn' (Did you mean --json?)\n"],
    [["keys", "list", "--nosuch"], "imasim: unknown option '--nosuch'\n"],
  ])("%j is refused in one line", async (args, err) => {
    expect(await run(args)).toEqual({ status: 2, err });
  });

  it("asks for a subcommand", async () => {
    const { status, err } = await run([]);
    expect(status).toBe(2);
    expect(err).toContain("Usage: imasim");
  });
});

describe("an error that reaches the top", () => {
  it.each([
    [
      "unusable input",
      new InputError("bad-release", "a.yaml: kernel.release", "no release 9.9"),
      2,
      "imasim: a.yaml: kernel.release: no release 9.9\n",
    ],
    ["a message of several lines", new InputError("x", "a", "b\n  c"), 2, "imasim: a: b c\n"],
    ["a bug", new TypeError("x is undefined"), 70, "imasim: internal error: TypeError: x is undefined\n"],
    [
      "a kernel's refusal that no one handled",
      new KernelError("EACCES", { syscall: "open" }),
      70,
      "imasim: internal error: KernelError: EACCES: open\n",
    ],
    ["what is no error", "why", 70, "imasim: internal error: why\n"],
  ])("%s", async (_, fault, status, err) => {
    expect(await run(["play", "a"], fault)).toEqual({ status, err });
  });

  it("a file that is not there", async () => {
    const fault = await import("node:fs/promises")
      .then((fs) => fs.readFile("/nonexistent/a.json"))
      .catch((error: unknown) => error);
    expect(await run(["play", "a"], fault)).toEqual({
      status: 2,
      err: "imasim: /nonexistent/a.json: no such file or directory\n",
    });
  });
});
