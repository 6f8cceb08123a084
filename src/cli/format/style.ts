export type Style = (text: string) => string;

export interface Styles {
  title: Style;
  name: Style;
  plain: Style;
  faint: Style;
  warning: Style;
  bold: Style;
  chip: Style;
  /** The mark before a note. */
  info(): string;
}

/** Colours of a terminal; none where `colour` is false. */
export function styles(colour: boolean): Styles {
  const paint =
    (codes: string): Style =>
    (text) =>
      colour ? `\x1b[${codes}m${text}\x1b[0m` : text;
  return {
    title: paint("39;1"),
    name: paint("34;1"),
    plain: paint("39"),
    faint: paint("39;2"),
    warning: paint("93"),
    bold: paint("1"),
    chip: paint("38;5;0;48;5;14"),
    info: () => (colour ? "\x1b[1m\x1b[106m\x1b[30mi\x1b[0m\x1b[0m \x1b[96mInfo → \x1b[0m\x1b[0m" : " Info -> "),
  };
}
