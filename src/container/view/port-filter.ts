import type { Filters } from "../../api/filters.ts";
import type { PortSummary } from "../../api/types/container.ts";
import { invalid } from "../../lib/errors.ts";
import { quote } from "../../lib/go-quote.ts";

interface PortRange {
  first: number;
  last: number;
  protocol: string;
}

/**
 * What `publish` and `expose` ask of a container's ports: one of them is published, or exposed, within a range. Throws
 * in Docker's words.
 */
export function portFilter(filters: Filters): (ports: readonly PortSummary[]) => boolean {
  const published = filters.get("publish").map((value) => readRange("publish", value));
  const exposed = filters.get("expose").map((value) => readRange("expose", value));
  if (published.length === 0 && exposed.length === 0) return () => true;
  const within = (ranges: readonly PortRange[], port: number, protocol: string) =>
    ranges.some((range) => range.protocol === protocol && range.first <= port && port <= range.last);
  return (ports) =>
    ports.some(
      ({ PublicPort = 0, PrivatePort, Type }) =>
        within(published, PublicPort, Type) || within(exposed, PrivatePort, Type),
    );
}

/** `80`, `80/udp`, `8000-8010/tcp`. What follows a second dash or slash is passed over, as in Docker. */
function readRange(key: "publish" | "expose", value: string): PortRange {
  if (value.includes(":")) throw invalid(`filter for '${key}' should not contain ':': ${value}`);
  const fail = (problem: string) => invalid(`error while looking up for ${key} ${value}: ${problem}`);
  const [range = "", protocol] = value.split("/");
  if (range === "") throw fail("Empty string specified for ports.");
  const [first = 0, last = first] = range
    .split("-")
    .slice(0, 2)
    .map((text) => {
      if (!/^\d+$/.test(text)) throw fail(`strconv.ParseUint: parsing ${quote(text)}: invalid syntax`);
      if (Number(text) > 65535) throw fail(`strconv.ParseUint: parsing ${quote(text)}: value out of range`);
      return Number(text);
    });
  if (last < first) throw fail(`Invalid range specified for the Port: ${range}`);
  return { first, last, protocol: protocol || "tcp" };
}
