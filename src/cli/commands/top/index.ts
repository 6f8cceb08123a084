import { defineTable } from "../../command.ts";

export default defineTable({
  __complete: {
    short: "Complete a command line",
    hidden: true,
    load: async () => ({ default: (await import("./complete.ts")).completeCommand("__complete") }),
  },
  __completeNoDesc: {
    short: "Complete a command line",
    hidden: true,
    load: async () => ({ default: (await import("./complete.ts")).completeCommand("__completeNoDesc") }),
  },
  inspect: {
    short: "Show all that is known of containers, images, networks, volumes, …",
    load: () => import("./inspect.ts"),
  },
  login: { short: "Log in to a registry", load: () => import("./login.ts") },
  logout: { short: "Log out from a registry", load: () => import("./logout.ts") },
  search: { short: "Search a registry for images", load: () => import("./search.ts") },
  version: { short: "Show the versions of client and engine", load: () => import("./version.ts") },
});
