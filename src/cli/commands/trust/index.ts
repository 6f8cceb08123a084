import { defineTable } from "../../command.ts";

export default defineTable({
  inspect: { short: "Show the keys and signatures of images", load: () => import("./inspect.ts") },
  key: { short: "Manage keys for signing images", load: () => import("./key.ts") },
  revoke: { short: "Take back trust in an image", load: () => import("./revoke.ts") },
  sign: { short: "Sign an image", load: () => import("./sign.ts") },
  signer: { short: "Manage who may sign images", load: () => import("./signer.ts") },
});
