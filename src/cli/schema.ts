// imasim schema: the JSON schema of a document, so that an editor completes it while it is written.
import { Argument, Command } from "commander";
import { z } from "zod";
import { scenarioSchema, traceSchema } from "../scenario/index.ts";

const SCHEMAS = { scenario: scenarioSchema, trace: traceSchema } as const;

export function schemaCommand(): Command {
  return new Command("schema")
    .description("print the JSON schema of scenarios or traces")
    .addArgument(new Argument("<document>", "which").choices(Object.keys(SCHEMAS)))
    .action((document: keyof typeof SCHEMAS) => {
      console.log(
        JSON.stringify(
          { title: `imasim ${document}`, ...z.toJSONSchema(SCHEMAS[document], { io: "input", reused: "ref" }) },
          null,
          2,
        ),
      );
    });
}
