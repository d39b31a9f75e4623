// Facts that stand in two places, because their floors may not see each other, agree.
import { describe, expect, it } from "vitest";
import { TEMPLATES, templatesOf } from "../../src/measure/index.ts";
import { fileSystemNamed, fileSystemOf } from "../../src/policy/index.ts";
import { FILE_SYSTEM_MAGIC } from "../../src/policy/magic.ts";
import { builtinTemplates } from "../../src/policy/template-names.ts";
import { Release } from "../../src/release/index.ts";
import { FS_TYPES } from "../../src/vfs/index.ts";
import { SERIES } from "./arbitraries.ts";

describe("the templates that rules can name without a kernel", () => {
  it.each(SERIES)("are those of %s", (series) => {
    const release = Release.parse(series);
    const lookup = builtinTemplates(release);
    const known = templatesOf(release);
    for (const { name, format } of TEMPLATES) {
      const there = known.find((template) => template.name === name);
      for (const text of [name, format]) {
        const found = lookup(text);
        expect(found?.name).toBe(there?.name);
        expect(found?.fields.map((field) => field.id)).toEqual(there?.fields.map((field) => field.id));
      }
    }
  });
});

describe("the magic numbers of file systems", () => {
  it("are all different", () => {
    for (const row of FILE_SYSTEM_MAGIC) expect(fileSystemOf(row.magic)).toBe(row);
  });

  it("are those of the file systems that can be mounted", () => {
    for (const { name, magic } of FS_TYPES.values()) {
      expect(fileSystemOf(magic), name).toBeDefined();
      const row = fileSystemNamed(name);
      if (row !== undefined) expect(row.magic, name).toBe(magic);
    }
  });
});
