import { engineEventLines } from "../../../client/system.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { parseJson } from "../../../lib/template/json.ts";
import { struct } from "../../../lib/template/shape.ts";
import { parseTemplate } from "../../../lib/template/template.ts";
import { GoTime } from "../../../lib/template/time.ts";
import { isObject } from "../../../lib/template/value.ts";
import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { filter, string } from "../../flags/kinds.ts";
import { inspectFormatHelp } from "../../format/help.ts";
import { shapeOf } from "../../format/shapes/load.ts";

export default defineCommand({
  usage: "[OPTIONS]",
  args: noArgs,
  flags: {
    filter: filter("Show only what matches a condition"),
    format: string(inspectFormatHelp),
    since: string("Show what happened from this time on, too"),
    until: string("End at this time"),
  },
  async run(deps, _args, { filter, format, since, until }) {
    const print = await printer(format);
    for await (const text of engineEventLines(await deps.client(), { since, until, filters: filter })) {
      const event = parseJson(text);
      if (!isObject(event)) continue;
      deps.out.write(print(event));
      await deps.out.flush();
    }
  },
});

async function printer(format: string): Promise<(event: Record<string, unknown>) => string> {
  if (format === "") return line;
  const shape = await shapeOf("event");
  try {
    const template = parseTemplate(format === "json" ? "{{json .}}" : format);
    // Tried on an empty event first, so that a bad field fails at once and not with the first event.
    template.run(struct(shape, {}));
    return (event) => `${template.run(struct(shape, event))}\n`;
  } catch (error) {
    throw new CliError(`Error parsing format: ${errorMessage(error)}`, 64);
  }
}

/** `2024-01-02T03:04:05.123456789Z container start <id> (image=busybox, name=x)` */
function line({ Type, Action, Actor, time, timeNano }: Record<string, unknown>): string {
  const nanos = typeof timeNano === "bigint" || typeof timeNano === "number" ? BigInt(timeNano) : 0n;
  const moment =
    nanos !== 0n
      ? GoTime.unix(Number(nanos / 1_000_000_000n), Number(nanos % 1_000_000_000n))
      : typeof time === "number"
        ? GoTime.unix(time)
        : null;
  const stamp = moment ? `${moment.format("2006-01-02T15:04:05.000000000Z07:00")} ` : "";
  const { ID, Attributes } = isObject(Actor) ? Actor : {};
  const pairs = isObject(Attributes)
    ? Object.entries(Attributes)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => `${key}=${String(value)}`)
    : [];
  return (
    `${stamp}${String(Type ?? "")} ${String(Action ?? "")} ` +
    `${String(ID ?? "")}${pairs.length > 0 ? ` (${pairs.join(", ")})` : ""}\n`
  );
}
