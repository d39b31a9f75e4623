// Colours for a terminal that has them.

export interface Palette {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly strong: (text: string) => string;
}

const sgr = (on: number, off: number) => (text: string) => `\u001b[${on}m${text}\u001b[${off}m`;
const plain = (text: string): string => text;

const COLOURED: Palette = {
  good: sgr(32, 39),
  bad: sgr(31, 39),
  warn: sgr(33, 39),
  faint: sgr(2, 22),
  strong: sgr(1, 22),
};
const PLAIN: Palette = { good: plain, bad: plain, warn: plain, faint: plain, strong: plain };

/** @param environment NO_COLOR and FORCE_COLOR as https://no-color.org and Node have them */
export function palette(terminal: boolean, environment: Readonly<Record<string, string | undefined>>): Palette {
  if (environment["NO_COLOR"]) return PLAIN;
  const forced = environment["FORCE_COLOR"];
  return forced !== undefined ? (forced === "0" ? PLAIN : COLOURED) : terminal ? COLOURED : PLAIN;
}
