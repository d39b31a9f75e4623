// Keys that come before a policy can ask for them wait, and are measured when the first custom policy is loaded
// (security/integrity/ima/ima_queue_keys.c, ima_asymmetric_keys.c).
import { FUNC } from "../policy/index.ts";
import type { Subject } from "../vfs/index.ts";
import { measureBuffer } from "./buffer.ts";
import type { Ima } from "./ima.ts";

/** How long keys wait for a policy, in seconds after IMA was set up; then they are dropped. */
const QUEUE_SECONDS = 300;

interface QueuedKey {
  readonly keyring: string;
  readonly payload: Uint8Array;
}

export class KeyQueue {
  readonly #ima: Ima;
  readonly #started: number;
  #waiting: QueuedKey[] = [];
  #open: boolean;

  constructor(ima: Ima) {
    this.#ima = ima;
    this.#started = ima.clock();
    this.#open = ima.config.enabled("IMA_QUEUE_EARLY_BOOT_KEYS");
  }

  /** An asymmetric key was added to a keyring or updated there. */
  keyChanged(task: Subject, keyring: string, payload: Uint8Array): void {
    if (payload.length === 0) return;
    this.#expire();
    if (this.#open) this.#waiting.push({ keyring, payload: payload.slice() });
    else this.#measure(task, keyring, payload);
  }

  /** A custom policy is in force: ima_process_queued_keys. */
  flush(task: Subject): void {
    this.#expire();
    this.#open = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const key of waiting) this.#measure(task, key.keyring, key.payload);
  }

  #expire(): void {
    if (!this.#open || this.#ima.clock() - this.#started < QUEUE_SECONDS) return;
    this.#open = false;
    this.#waiting = [];
  }

  #measure(task: Subject, keyring: string, payload: Uint8Array): void {
    measureBuffer(this.#ima, task, { buffer: payload, event: keyring, func: FUNC.KEY_CHECK, data: keyring });
  }
}
