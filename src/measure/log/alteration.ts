// One alteration of a consistent log that would explain PCR values: an entry that was put in, or two neighbours that changed places.

import type { PcrValue } from "./pcr-file.ts";
import { BankReplay } from "./replay.ts";

/** What an entry extends one bank with; null for a violation. */
export interface Extended {
  readonly number: number;
  readonly offset: number;
  readonly pcr: number;
  readonly digest: Uint8Array | null;
}

interface Sequence {
  readonly wanted: PcrValue;
  readonly extended: readonly Extended[];
}

const step = (replay: BankReplay, extended: Extended): void => {
  if (extended.digest === null) replay.spoil(extended.pcr);
  else replay.extend(extended.pcr, extended.digest);
};

/**
 * After how many of the entries behind the alteration the value is reached, -1 where never: entry `at` left out, or, `swapped`, behind
 * the next one.
 */
function reachedAfter({ wanted, extended }: Sequence, before: BankReplay, at: number, swapped: boolean): number {
  const replay = before.fork();
  if (swapped) {
    step(replay, extended[at + 1]!);
    step(replay, extended[at]!);
  }
  let next = swapped ? at + 2 : at + 1;
  for (; ; next++) {
    if (replay.holds(wanted.pcr, wanted.value)) return next;
    if (next >= extended.length) return -1;
    step(replay, extended[next]!);
  }
}

/**
 * Tries each entry in turn; with one million steps for 1,400 entries it takes a fraction of a second.
 * @returns the entry, counted from 0, and what is wrong with it; null where no single alteration of this kind explains all values.
 */
export function nearestAlteration(
  sequences: readonly Sequence[],
): { readonly entry: number; readonly offset: number; readonly reason: string } | null {
  const concerned = sequences.filter(({ extended }) => extended.length > 0);
  if (concerned.length === 0 || concerned.length < sequences.length) return null;
  const count = concerned[0]!.extended.length;
  const before = concerned.map(({ wanted }) => new BankReplay(wanted.bank));
  for (let at = 0; at < count; at++) {
    for (const swapped of [false, true]) {
      if (swapped && at + 1 >= count) continue;
      const ends = concerned.map((sequence, i) => reachedAfter(sequence, before[i]!, at, swapped));
      if (ends[0] === -1 || ends.some((end) => end !== ends[0])) continue;
      const { number, offset } = concerned[0]!.extended[at]!;
      const reason = swapped
        ? `the values are explained where this entry comes behind the next one, entry ${number + 1}`
        : "the values are explained where this entry is left out";
      return { entry: number, offset, reason };
    }
    concerned.forEach(({ extended }, i) => {
      step(before[i]!, extended[at]!);
    });
  }
  return null;
}
