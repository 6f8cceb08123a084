/**
 * What a user wrote after `--since` or `--until` (a date, a duration before now, Unix time) as the API takes it:
 * `seconds.nanoseconds`; "" stays "". Throws with docker's texts.
 */
export async function unixTime(text: string | undefined): Promise<string> {
  if (text === undefined || text === "") return "";
  const { formatUnixTimestamp, parseTime } = await import("../api/timestamps.ts");
  return formatUnixTimestamp(parseTime(text));
}
