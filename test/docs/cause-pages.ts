// The pages of docs/causes: each with a scenario that produces its cause, and the record that it then leaves.
import { readdirSync, readFileSync } from "node:fs";
import { type Played, parseScenarios, playScenario } from "../../src/scenario/index.ts";
import { codeBlocks } from "../project/examples.ts";

const PAGES = new URL("../../docs/causes/", import.meta.url);

/** The name of a cause's page, for causes of records with the op before it: characters that are no good in a file name become a dash. */
export const pageName = (cause: string): string => `${cause.replaceAll(/[^\w-]+/g, "-").replace(/-$/, "")}.md`;

export const pageNames = (): string[] => readdirSync(PAGES).filter((name) => name !== "README.md");

export const readme = (): string => readFileSync(new URL("README.md", PAGES), "utf8");

export interface CausePage {
  readonly text: string;
  readonly played: Played;
  /** As the page shows it. */
  readonly record: string;
}

export const pageText = (name: string): string => readFileSync(new URL(name, PAGES), "utf8");

export const causePage = (cause: string): CausePage => playPage(pageName(cause));

export function playPage(name: string): CausePage {
  const text = pageText(name);
  const blocks = codeBlocks(text);
  const yaml = blocks.filter((block) => block.language === "yaml");
  const records = blocks.filter((block) => block.language === "text");
  const scenarios = yaml.flatMap((block) => parseScenarios(block.text, name));
  if (scenarios.length !== 1 || records.length !== 1) throw new Error(`${name} has not one scenario and one record`);
  return { text, played: playScenario(scenarios[0]!), record: records[0]!.text.trim() };
}
