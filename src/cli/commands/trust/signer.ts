import { minArgs } from "../../args.ts";
import { defineTable } from "../../command.ts";
import { bool, list } from "../../flags/kinds.ts";
import { trustCommand } from "./refuse.ts";

export default defineTable({
  add: {
    short: "Let someone sign the images of repositories",
    load: async () => ({
      default: trustCommand("OPTIONS NAME REPOSITORY [REPOSITORY...]", minArgs(2), {
        key: list("Path of the signer's public key"),
      }),
    }),
  },
  remove: {
    short: "No longer let someone sign",
    load: async () => ({
      default: trustCommand("[OPTIONS] NAME REPOSITORY [REPOSITORY...]", minArgs(2), {
        force: bool("Do not ask", { short: "f" }),
      }),
    }),
  },
});
