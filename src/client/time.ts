/**
 * What a user wrote after `--since` or `--until` (a date, a duration before now, Unix time) as the API takes it:
 * `seconds.nanoseconds`; "" stays "". Throws `invalid value for "since": …`.
 */
export async function unixTime(name: "since" | "until", text: string | undefined): Promise<string> {
  if (text === undefined || text === "") return "";
  const { formatUnixTimestamp, parseTime } = await import("../api/timestamps.ts");
  try {
    return formatUnixTimestamp(parseTime(text));
  } catch (error) {
    throw new Error(`invalid value for ${JSON.stringify(name)}: ${error instanceof Error ? error.message : error}`);
  }
}
