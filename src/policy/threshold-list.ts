// Rules filed under "id above t" or "id below t": finds, in list order, those whose threshold an id passes, without looking at the
// others. A tree over the list holds, for each stretch of it, the threshold that is passed most easily.

export class ThresholdList {
  readonly #positions: readonly number[];
  /** As "above": for "below", both sides are negated. */
  readonly #sign: 1 | -1;
  readonly #leaves: number;
  /** Node n has the children 2n and 2n+1; the leaves are the thresholds. */
  readonly #tree: Float64Array;
  #value = 0;
  #next = 0;

  /** @param positions ascending; @param thresholds of the rules at them. */
  constructor(positions: readonly number[], thresholds: readonly number[], side: "above" | "below") {
    this.#positions = positions;
    this.#sign = side === "above" ? 1 : -1;
    let leaves = 1;
    while (leaves < positions.length) leaves *= 2;
    this.#leaves = leaves;
    this.#tree = new Float64Array(2 * leaves).fill(Number.POSITIVE_INFINITY);
    for (const [at, threshold] of thresholds.entries()) this.#tree[leaves + at] = threshold * this.#sign;
    for (let node = leaves - 1; node > 0; node--)
      this.#tree[node] = Math.min(this.#tree[2 * node]!, this.#tree[2 * node + 1]!);
  }

  /** Starts over, with the id of a query. */
  start(id: number): void {
    this.#value = id * this.#sign;
    this.#next = 0;
  }

  /** The next position in the list whose threshold the id passes; Infinity after the last. */
  next(): number {
    const leaf = this.#leaf(this.#next + this.#leaves);
    if (leaf < 0) return Number.POSITIVE_INFINITY;
    this.#next = leaf - this.#leaves + 1;
    return this.#positions[leaf - this.#leaves]!;
  }

  /** The first leaf from `node` on that is passed; -1 where there is none. */
  #leaf(from: number): number {
    const tree = this.#tree;
    if (from >= 2 * this.#leaves) return -1;
    let node = from;
    while (!(tree[node]! < this.#value)) {
      // Up while there is nothing to the right under the same parent, then to the right.
      while (node % 2 === 1) node = (node - 1) / 2;
      if (node === 0) return -1;
      node++;
    }
    while (node < this.#leaves) node = tree[2 * node]! < this.#value ? 2 * node : 2 * node + 1;
    return node;
  }
}
