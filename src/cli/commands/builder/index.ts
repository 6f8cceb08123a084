import { defineTable } from "../../command.ts";

export default defineTable({
  build: {
    short: "Build an image from a Dockerfile",
    also: ["image build", "build"],
    load: () => import("./build.ts"),
  },
  prune: { short: "Remove build cache", load: () => import("./prune.ts") },
});
