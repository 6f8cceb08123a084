import { exactArgs } from "../../args.ts";
import { defineTable } from "../../command.ts";
import { string } from "../../flags/kinds.ts";
import { trustCommand } from "./refuse.ts";

export default defineTable({
  generate: {
    short: "Make a key pair for signing",
    load: async () => ({
      default: trustCommand("NAME", exactArgs(1), {
        dir: string("Directory to put the public key in, the current one by default"),
      }),
    }),
  },
  load: {
    short: "Take a private key for signing",
    load: async () => ({
      default: trustCommand("[OPTIONS] KEYFILE", exactArgs(1), {
        name: string("Name of the key", { default: "signer" }),
      }),
    }),
  },
});
