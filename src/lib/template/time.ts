import { zoneAt } from "./zone.ts";

/**
 * A moment with nanoseconds, seen in a zone, with the text forms and the few methods of Go's `time.Time` that templates
 * use.
 */
export class GoTime {
  /** Year 1, which Go prints for a time never set. */
  static readonly zero = new GoTime(-62135596800n * 1_000_000_000n, { offset: 0, name: "UTC" });

  private constructor(
    readonly nanos: bigint,
    private readonly zone: { offset: number; name: string },
  ) {}

  /** Seconds since 1970, in the local zone, as `time.Unix(s, 0)`. */
  static unix(seconds: number, nanos = 0): GoTime {
    return new GoTime(BigInt(Math.trunc(seconds)) * 1_000_000_000n + BigInt(nanos), zoneAt(seconds));
  }

  /** An RFC 3339 text, or null. A numeric offset equal to the local one takes the local zone's name, as Go does. */
  static parse(text: string): GoTime | null {
    const match = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|z|[+-]\d\d:\d\d)$/.exec(text);
    if (!match) return null;
    const [, date, clock, fraction = "", offsetText = "Z"] = match;
    const ms = Date.parse(`${date}T${clock}Z`);
    if (Number.isNaN(ms)) return null;
    let offset = 0;
    if (offsetText.length > 1) {
      const [hours = 0, minutes = 0] = offsetText.slice(1).split(":").map(Number);
      offset = (hours * 3600 + minutes * 60) * (offsetText.startsWith("-") ? -1 : 1);
    }
    const seconds = ms / 1000 - offset;
    const local = zoneAt(seconds);
    const name = offsetText.length === 1 ? "UTC" : local.offset === offset ? local.name : offsetName(offset, "");
    return new GoTime(BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0").slice(0, 9)), { offset, name });
  }

  get isZero(): boolean {
    return this.nanos === GoTime.zero.nanos;
  }

  local(): GoTime {
    return GoTime.unix(this.seconds, Number(((this.nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n));
  }

  get seconds(): number {
    return Number((this.nanos - (((this.nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)) / 1_000_000_000n);
  }

  /** Milliseconds since 1970, with their fraction cut. */
  get ms(): number {
    return Math.floor(Number(this.nanos / 1_000_000n));
  }

  /** `2006-01-02 15:04:05.999999999 -0700 MST` */
  toString(): string {
    return this.format("2006-01-02 15:04:05.999999999 -0700 MST");
  }

  /** RFC 3339 with nanoseconds, trailing zeros dropped: what Go's JSON holds. */
  toJSON(): string {
    return this.format("2006-01-02T15:04:05.999999999Z07:00");
  }

  /** Formats by a Go layout. */
  format(layout: string): string {
    const { offset, name } = this.zone;
    const wall = new Date((this.seconds + offset) * 1000);
    const nano = String(((this.nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n).padStart(9, "0");
    const two = (n: number) => String(n).padStart(2, "0");
    const hour12 = wall.getUTCHours() % 12 || 12;
    const month = months[wall.getUTCMonth()] ?? "";
    const day = days[wall.getUTCDay()] ?? "";
    return layout.replace(layoutParts, (part) => {
      switch (part) {
        case "2006":
          return String(wall.getUTCFullYear()).padStart(4, "0");
        case "06":
          return two(wall.getUTCFullYear() % 100);
        case "January":
          return month;
        case "Jan":
          return month.slice(0, 3);
        case "01":
          return two(wall.getUTCMonth() + 1);
        case "1":
          return String(wall.getUTCMonth() + 1);
        case "Monday":
          return day;
        case "Mon":
          return day.slice(0, 3);
        case "02":
          return two(wall.getUTCDate());
        case "_2":
          return String(wall.getUTCDate()).padStart(2, " ");
        case "2":
          return String(wall.getUTCDate());
        case "15":
          return two(wall.getUTCHours());
        case "03":
          return two(hour12);
        case "3":
          return String(hour12);
        case "04":
          return two(wall.getUTCMinutes());
        case "4":
          return String(wall.getUTCMinutes());
        case "05":
          return two(wall.getUTCSeconds());
        case "5":
          return String(wall.getUTCSeconds());
        case "PM":
          return wall.getUTCHours() < 12 ? "AM" : "PM";
        case "pm":
          return wall.getUTCHours() < 12 ? "am" : "pm";
        case "MST":
          return name;
        case "Z07:00":
          return offset === 0 ? "Z" : offsetName(offset, ":");
        case "-07:00":
          return offsetName(offset, ":");
        case "Z0700":
          return offset === 0 ? "Z" : offsetName(offset, "");
        case "-0700":
          return offsetName(offset, "");
        case "-07":
          return offsetName(offset, "").slice(0, 3);
      }
      const digits = nano.slice(0, part.length - 1);
      if (part[1] === "0") return part[0] + digits;
      const trimmed = digits.replace(/0+$/, "");
      return trimmed === "" ? "" : part[0] + trimmed;
    });
  }

  /** The methods a template may call. */
  method(name: string): ((...args: string[]) => unknown) | null {
    switch (name) {
      case "String":
        return () => this.toString();
      case "Format":
        return (layout = "") => this.format(layout);
      case "Unix":
        return () => this.seconds;
      case "UnixMilli":
        return () => this.ms;
      case "UnixNano":
        return () => this.nanos;
      case "Year":
        return () => Number(this.format("2006"));
      case "Day":
        return () => Number(this.format("2"));
      case "Month":
        return () => this.format("January");
      case "Weekday":
        return () => this.format("Monday");
      case "IsZero":
        return () => this.isZero;
      case "Local":
        return () => this.local();
      case "UTC":
        return () => new GoTime(this.nanos, { offset: 0, name: "UTC" });
      default:
        return null;
    }
  }
}

/** The longer ones first. */
const layoutParts = new RegExp(
  "2006|January|Monday|Jan|Mon|MST|-07:00|Z07:00|-0700|Z0700|-07|" +
    String.raw`[.,]0{1,9}(?!\d)|[.,]9{1,9}(?!\d)|01|02|03|04|05|06|15|_2|PM|pm|[1-5]`,
  "g",
);
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

function offsetName(offset: number, separator: string): string {
  const minutes = Math.abs(Math.trunc(offset / 60));
  const two = (n: number) => String(n).padStart(2, "0");
  return `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}${separator}${two(minutes % 60)}`;
}
