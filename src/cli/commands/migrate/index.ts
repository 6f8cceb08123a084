import { defineTable } from "../../command.ts";

export default defineTable({
  docker: {
    short: "Take over images, volumes, networks and containers of a stopped dockerd",
    load: () => import("./docker.ts"),
  },
});
