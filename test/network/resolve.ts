import { inside } from "./harness.ts";

/** What the name service inside a namespace answers, by a plain query to 127.0.0.11:53. */
export async function resolve(
  path: string,
  name: string,
  { tcp = false, type = "A" }: { tcp?: boolean; type?: "A" | "AAAA" | "PTR" } = {},
): Promise<string[]> {
  const { stdout, exitCode, stderr } = await inside(path, [
    process.execPath,
    `${import.meta.dir}/ask.ts`,
    name,
    type,
    tcp ? "tcp" : "udp",
  ]);
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
