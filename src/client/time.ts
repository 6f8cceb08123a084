/**
 * What a user wrote after `--since` or `--until` (a date, a duration before now, Unix time) as the API takes it:
 * `seconds.nanoseconds`; "" stays "". Throws what is wrong, after `invalid value for "since": ` where a name is given.
 */
export async function unixTime(text: string | undefined, name?: "since" | "until"): Promise<string> {
  if (text === undefined || text === "") return "";
  const { formatUnixTimestamp, parseTime } = await import("../api/timestamps.ts");
  try {
    return formatUnixTimestamp(parseTime(text));
  } catch (error) {
    const where = name === undefined ? "" : `invalid value for ${JSON.stringify(name)}: `;
    throw new Error(`${where}${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
