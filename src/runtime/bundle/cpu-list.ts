/** Parses the kernel's list notation, `0-3,8`. Null where the text is none. */
export function parseCpuList(text: string): Set<number> | null {
  const numbers = new Set<number>();
  if (text === "") return numbers;
  for (const part of text.split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (!match || last < first || last > MAX_NUMBER) return null;
    for (let number = first; number <= last; number++) numbers.add(number);
  }
  return numbers;
}

/** More than any machine has; a larger number is a typing error or an attack on memory. */
const MAX_NUMBER = 8192;
