import { noArgs } from "../../args.ts";
import { defineCommand } from "../../command.ts";

/** What `ssh://` contexts run on the far side: one connection to the engine through standard input and output. */
export default defineCommand({
  usage: "",
  args: noArgs,
  flags: {},
  async run(deps) {
    const connection = await (await deps.client()).dial();
    const upstream = (async () => {
      for await (const chunk of deps.stdin.stream()) await connection.write(chunk);
      connection.end();
    })();
    const downstream = (async () => {
      for (let chunk = await connection.read(); chunk; chunk = await connection.read()) {
        deps.out.write(chunk);
        await deps.out.flush();
      }
    })();
    // The engine's end of the stream ends the call; standard input may stay open for ever.
    await Promise.race([downstream, upstream.then(() => downstream)]);
    connection.close();
    return 0;
  },
});
