const powers = "kmgtp";

/**
 * Bytes of a human size with binary units: `512`, `64m`, `1.5 GiB`, `2kb` (docker's go-units RAMInBytes).
 * Throws `invalid size: 'x'` or `invalid suffix: 'x'`.
 */
export function parseBytes(text: string): number {
  const at = text.search(/[0-9. ][^0-9. ]*$/);
  if (at < 0) throw new Error(`invalid size: '${text}'`);
  const number = text[at] === " " ? text.slice(0, at) : text.slice(0, at + 1);
  const suffix = text.slice(at + 1).toLowerCase();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(number)) {
    throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(number)}: invalid syntax`);
  }
  const size = Number(number);
  if (size < 0) throw new Error(`invalid size: '${text}'`);
  const match = /^(?:b|([kmgtp])(?:i?b)?)?$/.exec(suffix);
  if (!match) throw new Error(`invalid suffix: '${suffix}'`);
  return Math.trunc(match[1] ? size * 1024 ** (powers.indexOf(match[1]) + 1) : size);
}

/** As {@link parseBytes}, and `-1` for "no limit" (`--memory-swap`). */
export function parseSwapBytes(text: string): number {
  return text === "-1" ? -1 : parseBytes(text);
}
