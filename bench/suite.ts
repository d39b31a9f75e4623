// What a benchmark file exports by default; bench/README.md shows how, scripts/bench.node.mjs runs it.

export interface TaskOptions {
  /** The most microseconds a call should take on the machine that the project is developed on. */
  readonly aim?: number;
  /** Bytes that one call works through; the table then has MB/s. */
  readonly bytes?: number;
  /** Runs before each call and is not measured. */
  readonly before?: () => void;
}

/** Adds one measured task. `task` may return a promise; it throws when its result is wrong. */
export type Add = (name: string, task: () => unknown, options?: TaskOptions) => void;

export interface Suite {
  readonly name: string;
  /** The name of the task that the others are compared with. */
  readonly peer?: string;
  /** How often each task is called, instead of for a time: for tasks that take seconds. */
  readonly calls?: number;
  /** Milliseconds for which each task is called before it is measured, where the default of 250 is not enough for V8 to optimise its code. */
  readonly warmup?: number;
  /** `once`: every task is called a single time, to see that it works; large set-ups may be smaller then. */
  readonly run: (add: Add, how: { readonly once: boolean }) => void | Promise<void>;
}
