/**
 * Reads a time as Go's time.Parse does, with its words for what is wrong: clients and engine both tell them to people.
 * Of its layouts only the elements that Docker uses are known.
 */
const elements = ["2006", "01", "02", "15", "04", "05", ".999999999", "Z07:00"] as const;
type Element = (typeof elements)[number];

interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  nanosecond: bigint;
  /** Minutes east of UTC; undefined where the layout has no zone. */
  zone?: number;
}

/** Nanoseconds since 1970. Without a zone in the layout the time is a local one. Throws an Error with Go's text. */
export function parseGoTime(layout: string, value: string): bigint {
  const parts: Parts = { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0, nanosecond: 0n };
  const outOf = (what: string) => new Error(`parsing time ${JSON.stringify(value)}: ${what}`);
  let rest = value;
  for (const piece of layout.split(/(2006|01|02|15|04|05|\.999999999|Z07:00)/).filter(Boolean)) {
    const element = elements.find((each) => each === piece);
    const taken = element ? take(element, rest, parts) : rest.startsWith(piece) ? piece.length : undefined;
    if (taken === undefined)
      throw new Error(
        `parsing time ${JSON.stringify(value)} as ${JSON.stringify(layout)}: cannot parse ` +
          `${JSON.stringify(rest)} as ${JSON.stringify(piece)}`,
      );
    if (typeof taken === "string") throw outOf(taken);
    rest = rest.slice(taken);
  }
  if (rest !== "") throw outOf(`extra text: ${JSON.stringify(rest)}`);
  const { year, month, day, hour, minute, second, nanosecond, zone } = parts;
  if (day < 1 || day > new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()) throw outOf("day out of range");
  const at =
    zone === undefined
      ? new Date(year, month - 1, day, hour, minute, second)
      : new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // Years below 100 mean themselves.
  if (zone === undefined) at.setFullYear(year);
  else at.setUTCFullYear(year);
  return BigInt(at.getTime() - (zone ?? 0) * 60_000) * 1_000_000n + nanosecond;
}

/** The length of what was read; undefined where it does not fit, a text where it fits and cannot be. */
function take(element: Element, text: string, parts: Parts): number | string | undefined {
  switch (element) {
    case "2006":
      return digits(text, /^\d{4}/, (number) => {
        parts.year = number;
      });
    case "01":
      return digits(text, /^\d\d/, (number) =>
        number < 1 || number > 12 ? "month out of range" : void (parts.month = number),
      );
    case "02":
      return digits(text, /^\d\d/, (number) => {
        parts.day = number;
      });
    case "15":
      return digits(text, /^\d\d?/, (number) => (number > 23 ? "hour out of range" : void (parts.hour = number)));
    case "04":
      return digits(text, /^\d\d/, (number) => (number > 59 ? "minute out of range" : void (parts.minute = number)));
    case "05":
      return digits(text, /^\d\d/, (number) => (number > 59 ? "second out of range" : void (parts.second = number)));
    case ".999999999": {
      const fraction = /^[.,](\d+)/.exec(text);
      parts.nanosecond = BigInt((fraction?.[1] ?? "").slice(0, 9).padEnd(9, "0"));
      return fraction?.[0].length ?? 0;
    }
    case "Z07:00": {
      if (text.startsWith("Z")) {
        parts.zone = 0;
        return 1;
      }
      const [whole, sign, hours = "", minutes = ""] = /^([+-])(\d\d):(\d\d)/.exec(text) ?? [];
      if (whole === undefined) return undefined;
      if (Number(hours) > 24) return "time zone offset hour out of range";
      if (Number(minutes) > 60) return "time zone offset minute out of range";
      parts.zone = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
      return whole.length;
    }
  }
}

function digits(text: string, form: RegExp, put: (number: number) => string | void): number | string | undefined {
  const found = form.exec(text)?.[0];
  return found === undefined ? undefined : (put(Number(found)) ?? found.length);
}
