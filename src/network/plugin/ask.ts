import { EngineError, errorKind, errorMessage, internal } from "../../lib/errors.ts";
import { textOf } from "../../plugin/answer.ts";
import { NoAnswer } from "../../plugin/client.ts";
import type { PluginKind } from "../../plugin/plugin.ts";
import type { Plugins, Wait } from "../../plugin/plugins.ts";

/** Milliseconds for a call. */
const limit = 60_000;

/**
 * Asks a network or IPAM plugin (`NetworkDriver.Join`), and returns what it answers. Throws Docker's words, with
 * `remote: ` before those of the plugin.
 */
export async function ask(
  plugins: Plugins,
  name: string,
  method: `${"NetworkDriver" | "IpamDriver"}.${string}`,
  body?: Record<string, unknown>,
  wait?: Wait,
): Promise<unknown> {
  const isIpam = method.startsWith("IpamDriver.");
  const kind: PluginKind = isIpam ? "IpamDriver" : "NetworkDriver";
  const plugin = await plugins.get(name, kind, wait);
  let complaint: string;
  let answer: unknown;
  try {
    answer = await plugin.call(method, body, { limit });
    complaint = textOf(answer, isIpam ? "Error" : "Err");
  } catch (cause) {
    const text = `error invoking remote ${isIpam ? "IPAM" : "network"} plugin ${name}: ${errorMessage(cause)}`;
    throw new (cause instanceof NoAnswer ? NoAnswer : EngineError)(errorKind(cause), text, { cause });
  }
  if (complaint) throw internal(`remote: ${complaint}`);
  return answer;
}
