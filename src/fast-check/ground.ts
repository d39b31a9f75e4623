// The machine that an attack is played on: a disk with a labelled program, a home of user 1000, a tmpfs for everybody, and the policy.

import type { Scenario } from "../scenario/index.ts";
import { payload } from "../scenario/payload.ts";
import type { Step } from "../scenario/step-schema.ts";
import { hashLabel, hex } from "./content.ts";

export interface GroundOptions {
  /** Rules to load; none for what the command line chooses. */
  readonly policy?: string;
  readonly kernel?: NonNullable<Scenario["kernel"]>;
  readonly disks?: NonNullable<Scenario["disks"]>;
  /** Further steps before the policy is loaded. */
  readonly setup?: readonly Step[];
}

export const USER = 1000;
/** Where the attacker writes. */
export const PATHS = ["/mnt/home/a", "/tmp/a", "/mnt/tool"] as const;

/** Where an overlay over the disk would keep what is changed. */
export const OVERLAY = "lowerdir=/mnt,upperdir=/mnt/upper,workdir=/mnt/work";

const ROOT_UUID = "8dbfae85-0bd8-4d5e-a7d5-8a5a0f0e6b11";
const tool = payload("true", "the real one");

export function groundScenario({ policy, kernel = {}, disks = {}, setup = [] }: GroundOptions): Scenario {
  const files = { "/tool": { hex: hex(tool), mode: "755", xattrs: { "security.ima": hashLabel(tool) } } };
  return {
    kernel: { release: "6.12", ...kernel },
    disks: { root: { fstype: "ext4", uuid: ROOT_UUID, files }, ...disks },
    steps: [
      // The first root is a tmpfs, which everybody may write to.
      { op: "chmod", path: "/", mode: "755" },
      { op: "mount", device: "root", path: "/mnt", fstype: "ext4" },
      { op: "mkdir", path: "/mnt/home", mode: "755" },
      { op: "chown", path: "/mnt/home", uid: USER, gid: USER },
      { op: "mkdir", path: "/mnt/upper", mode: "755" },
      { op: "mkdir", path: "/mnt/work", mode: "755" },
      { op: "mount", source: "tmpfs", path: "/tmp", fstype: "tmpfs", options: "mode=1777", mkdir: true },
      ...setup,
      ...(policy === undefined ? [] : [{ op: "policy", text: policy } as const]),
    ],
  };
}
