// The code blocks of a Markdown document, for the tests that run them.

export interface Block {
  readonly language: string;
  readonly text: string;
  /** The line of the document that the block begins on. */
  readonly line: number;
  /** The ```text block that follows directly, which holds what the code prints. */
  readonly output: string | undefined;
}

export function codeBlocks(markdown: string): Block[] {
  const found = [...markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map((match) => ({
    language: match[1] ?? "",
    text: match[2] ?? "",
    line: markdown.slice(0, match.index).split("\n").length,
    end: match.index + match[0].length,
    start: match.index,
  }));
  return found.map(({ language, text, line, end }, index) => {
    const next = found[index + 1];
    const follows = next?.language === "text" && markdown.slice(end, next.start).trim() === "";
    return { language, text, line, output: follows ? next.text : undefined };
  });
}

/** Whether a document shows an output: `…` stands for anything on its line, a line of `…` alone for any lines. */
export function shows(document: string, output: string): boolean {
  const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  const pattern = document
    .trimEnd()
    .split("\n")
    .map((line) =>
      line.trim() === "…" ? "(?:.*\\n)*?" : `${line.trimEnd().split("…").map(literal).join(".*")}[ ]*\\n`,
    );
  return new RegExp(`^${pattern.join("")}$`).test(`${output.trimEnd()}\n`);
}
