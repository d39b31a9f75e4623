// Every HMAC that a recording shows beside the xattrs and the stat it covers is computed again.
import { describe, expect, it } from "vitest";
import { evmHmac } from "../../src/evm/preimage.ts";
import { ProtectedXattrs } from "../../src/evm/protected-xattrs.ts";
import { Kconfig, Release } from "../../src/release/index.ts";
import { evmKeyOf, fromHex, type Recording, recordings, toHex } from "./recording.ts";

interface Sighting {
  readonly step: number;
  readonly recorded: string;
  readonly computed: readonly string[];
}

/** A file is fully seen where listxattr, a getxattr for each protected name in it, and stat follow each other. */
function sightings({ kernel, disks = {}, steps, results }: Recording): Sighting[] {
  // What was on the disk from the start may be wrong on purpose; what the kernel wrote is right.
  const given = new Set(
    Object.values(disks).flatMap((d) => Object.values(d.files ?? {}).map((f) => f.xattrs?.["security.evm"])),
  );
  const names = new ProtectedXattrs(Release.parse(kernel.release), Kconfig.fromLines(kernel.config));
  const mounted = new Map<string, Uint8Array>();
  const found: Sighting[] = [];
  // Which of several keyrings is searched first is not this test's business.
  const keys: Uint8Array[] = [];
  let path: string | undefined;
  let listed: readonly string[] = [];
  let values = new Map<string, string>();
  steps.forEach((step, i) => {
    const result = results[i]!;
    const added = evmKeyOf(step, result);
    if (added !== null && added.length <= 128) keys.push(added);
    if (step.op === "mount" && step.device !== undefined)
      mounted.set(step.path!, fromHex(disks[step.device]!.uuid.replaceAll("-", "")));
    if (step.op === "securityfsWrite" && step.file?.endsWith("evm_xattrs") && !result.errno)
      names.add(step.text!.replace(/\n$/, ""));
    if (step.path === path && step.op === "getxattr" && result.hex !== undefined) values.set(step.name!, result.hex);
    else if (step.path === path && step.op === "stat" && !result.errno) {
      const evm = values.get("security.evm");
      const covered = names.list.filter((x) => x.enabled && listed.includes(x.name)).map((x) => x.name);
      const fsuuid = [...mounted].find(([at]) => path!.startsWith(`${at}/`))?.[1];
      if (
        evm?.startsWith("02") &&
        !given.has(evm) &&
        keys.length > 0 &&
        fsuuid &&
        covered.every((name) => values.has(name))
      ) {
        const { ino, generation, uid, gid, mode } = result;
        const input = {
          xattrs: covered.map((name) => ({ name, value: fromHex(values.get(name)!) })),
          inode: { ino: ino!, generation: generation!, uid: uid!, gid: gid!, mode: Number.parseInt(mode!, 8) },
          fsuuid,
        };
        const computed = keys.map((key) => `02${toHex(evmHmac(input, key).digest)}`);
        found.push({ step: i, recorded: evm, computed });
      }
    } else if (!(step.path === path && step.op === "getxattr")) {
      path = step.op === "listxattr" ? step.path : undefined;
      listed = result.names ?? [];
      values = new Map();
    }
  });
  return found;
}

/** About labels that do not follow their file, which is what these show. */
const STALE = /chown-nobody|odd-names/;

describe("recorded HMACs", () => {
  const all = recordings("evm-hmac", /\.trace\.json$/).filter((r) => !STALE.test(r.name));
  it.each(all.map((r) => [r.name, r] as const))("%s", (_name, recording) => {
    for (const { step, recorded, computed } of sightings(recording))
      expect(computed, `step ${step}`).toContain(recorded);
  });

  it("are many", () => {
    expect(all.flatMap(sightings).length).toBeGreaterThan(80);
  });
});
