// The firmware's event log, /sys/kernel/security/tpm0/binary_bios_measurements, replayed to the PCR values that boot_aggregate covers
// (TCG PC Client Platform Firmware Profile Specification, 10.2: TCG_PCR_EVENT and TCG_PCR_EVENT2; 10.4.5.1: Spec ID Event03;
// 10.4.5.3: StartupLocality).
import { canDigest } from "../../crypto/digest.ts";
import type { HashName } from "../../crypto/hash.ts";
import { InputError } from "../../errno/index.ts";
import { PCR_COUNT } from "../tpm.ts";
import { TPM_ALGORITHMS } from "../tpm-algorithm.ts";
import type { PcrValue } from "./pcr-file.ts";
import { BankReplay } from "./replay.ts";

const EV_NO_ACTION = 3;
const SHA1_SIZE = 20;
const SPEC_ID = "Spec ID Event03\0";
const LOCALITY = "StartupLocality\0";
/** No firmware makes so many. */
const MAX_EVENTS = 100_000;

/** Reads little-endian numbers and pieces from front to back. */
class Cursor {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #where: string;

  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#where = where;
  }

  get done(): boolean {
    return this.at >= this.#bytes.length;
  }

  fail(why: string): InputError {
    return new InputError("bad-event-log", `${this.#where}, byte ${this.at}`, why);
  }

  take(size: number): Uint8Array {
    if (this.at + size > this.#bytes.length) throw this.fail("the event log ends within an event");
    this.at += size;
    return this.#bytes.subarray(this.at - size, this.at);
  }

  uint16(): number {
    this.take(2);
    return this.#view.getUint16(this.at - 2, true);
  }

  uint32(): number {
    this.take(4);
    return this.#view.getUint32(this.at - 4, true);
  }
}

const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(0, 16));

/** Sizes of the digests of a crypto-agile log, by TPM_ALG_ID; null for a log of SHA1 digests only. */
function readSpecId(cursor: Cursor, event: Uint8Array): ReadonlyMap<number, number> | null {
  if (textOf(event) !== SPEC_ID) return null;
  const spec = new Cursor(event, "Spec ID event");
  spec.take(SPEC_ID.length + 8);
  const sizes = new Map<number, number>();
  for (let count = spec.uint32(); count > 0; count--) {
    const [id, size] = [spec.uint16(), spec.uint16()];
    const known = TPM_ALGORITHMS.find((a) => a.id === id)?.size;
    if (size === 0 || (known !== undefined && known !== size))
      throw cursor.fail(`the Spec ID event gives algorithm 0x${id.toString(16)} digests of ${size} bytes`);
    sizes.set(id, size);
  }
  if (sizes.size === 0) throw cursor.fail("the Spec ID event names no algorithm");
  return sizes;
}

/** Whether this looks like an event log rather than text: its first event is one that is not measured, or of PCR 0-23. */
export const isEventLog = (bytes: Uint8Array): boolean =>
  bytes.length >= 32 && bytes[0]! < PCR_COUNT && bytes[1] === 0 && bytes[2] === 0 && bytes[3] === 0;

/**
 * The values of PCR 0-23 after the events, in each bank that the log has digests of.
 * @throws InputError `bad-event-log` with the byte.
 */
export function replayEventLog(bytes: Uint8Array, where = "event log"): PcrValue[] {
  const cursor = new Cursor(bytes, where);
  const replays = new Map<number, BankReplay>();
  const replayOf = (id: number): BankReplay | null => {
    const algo: HashName | undefined = TPM_ALGORITHMS.find((a) => a.id === id)?.name;
    if (algo === undefined || !canDigest(algo)) return null;
    const replay = replays.get(id) ?? new BankReplay(algo);
    replays.set(id, replay);
    return replay;
  };
  let sizes: ReadonlyMap<number, number> | null = null;
  for (let count = 0; !cursor.done; count++) {
    if (count === MAX_EVENTS) throw cursor.fail(`more than ${MAX_EVENTS} events`);
    const pcr = cursor.uint32();
    const type = cursor.uint32();
    // The log file of some kernels is filled up with ones or zeros behind the last event.
    if (pcr === 0xffff_ffff || (sizes !== null && pcr === 0 && type === 0)) break;
    if (pcr >= PCR_COUNT) throw cursor.fail(`there is no PCR ${pcr}`);
    const digests = sizes === null ? [[0x0004, cursor.take(SHA1_SIZE)] as const] : takeDigests(cursor, sizes);
    const event = cursor.take(cursor.uint32());
    if (type !== EV_NO_ACTION) for (const [id, digest] of digests) replayOf(id)?.extend(pcr, digest);
    else if (count === 0) sizes = readSpecId(cursor, event);
    else if (pcr === 0 && textOf(event) === LOCALITY && sizes !== null)
      for (const id of sizes.keys()) replayOf(id)?.start(0, event[LOCALITY.length] ?? 0);
  }
  return [...replays.values()].flatMap((replay) => {
    const values = replay.values();
    return Array.from({ length: PCR_COUNT }, (_, pcr) => ({
      bank: replay.algo,
      pcr,
      value: values.get(pcr) ?? new Uint8Array(replay.size),
    }));
  });
}

function takeDigests(cursor: Cursor, sizes: ReadonlyMap<number, number>): (readonly [number, Uint8Array])[] {
  const digests: (readonly [number, Uint8Array])[] = [];
  for (let count = cursor.uint32(); count > 0; count--) {
    const id = cursor.uint16();
    const size = sizes.get(id);
    if (size === undefined) throw cursor.fail(`algorithm 0x${id.toString(16)} is not among those of the log`);
    digests.push([id, cursor.take(size)]);
  }
  return digests;
}
