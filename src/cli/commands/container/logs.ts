import { decodeFrames } from "../../../api/stdcopy.ts";
import { containerLogs, inspectContainer } from "../../../client/containers.ts";
import { exactArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";
import { bool, string } from "../../flags/kinds.ts";

export default defineCommand({
  usage: "[OPTIONS] CONTAINER",
  args: exactArgs(1),
  flags: {
    details: bool("Show the extra attributes of log lines"),
    follow: bool("Go on with what is logged from now on", { short: "f" }),
    since: string('Show lines since a time ("2013-01-02T13:23:37Z") or for a duration ("42m")'),
    tail: string("Show only so many lines of the end", { short: "n", default: "all" }),
    timestamps: bool("Show the time of each line", { short: "t" }),
    until: string('Show lines before a time ("2013-01-02T13:23:37Z") or a duration ago ("42m")', { minApi: "1.35" }),
  },
  async run({ client: connect, out, err }, [container = ""], flags) {
    const client = await connect();
    const { Id = container, Config } = await inspectContainer(client, container);
    const { body } = await containerLogs(client, Id, { stdout: true, stderr: true, ...flags });
    if (Config?.Tty) {
      for await (const chunk of body) {
        out.write(chunk);
        await out.flush();
      }
      return;
    }
    for await (const { stream, data } of decodeFrames(body)) {
      const output = stream === 1 ? out : err;
      output.write(data);
      await output.flush();
    }
  },
});
