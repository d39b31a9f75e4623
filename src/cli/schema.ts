// imasim schema: the JSON schema of a document, so that an editor completes it while it is written.
import { Argument, Command } from "commander";
import { z } from "zod";
import { bootDescriptionSchema, scenarioSchema, traceSchema } from "../scenario/index.ts";

const SCHEMAS = { scenario: scenarioSchema, trace: traceSchema, boot: bootDescriptionSchema } as const;

export function schemaCommand(): Command {
  return new Command("schema")
    .description("print the JSON schema of scenarios, traces or descriptions of boots")
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
