/** The offered media type that an Accept header names most dearly; wildcards do not count. null where it names none. */
export function acceptedType(accept: string | undefined, offers: readonly string[]): string | null {
  let best: { offer: string; weight: number } | null = null;
  const ranges = (accept ?? "").split(",").map((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    return { type, weight: weight === undefined ? 1 : Number(weight) };
  });
  for (const offer of offers) {
    for (const { type, weight } of ranges) {
      if (type === offer && weight > (best?.weight ?? 0)) best = { offer, weight };
    }
  }
  return best?.offer ?? null;
}
