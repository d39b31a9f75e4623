// What a misspelt word most likely meant.

/** Longer words are not compared: nobody mistypes a keyword at that length. */
const MAX_LENGTH = 64;

/** The candidate nearest to `word`, if it is near: case aside, a few edits away, or continuing where the word stops. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  if (word === "" || word.length > MAX_LENGTH) return null;
  const lower = word.toLowerCase();
  const tolerance = Math.max(1, Math.floor(word.length / 3));
  let best: string | null = null;
  let fewest = tolerance + 1;
  const continued: string[] = [];
  for (const candidate of candidates) {
    const other = candidate.toLowerCase();
    if (lower.length >= 3 && other.startsWith(lower)) continued.push(candidate);
    if (Math.abs(other.length - lower.length) >= fewest) continue;
    const edits = distance(lower, other);
    if (edits < fewest) {
      best = candidate;
      fewest = edits;
    }
  }
  return best ?? (continued.length === 1 ? continued[0]! : null);
}

/** Insertions, deletions, substitutions and swaps of neighbours between two words. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, before[j - 2]! + 1);
      row.push(edits);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}
