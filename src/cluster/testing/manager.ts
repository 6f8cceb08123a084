import { EventBus } from "../../api/events.ts";
import { silent } from "../../lib/log.ts";
import type { ManagerDeps } from "../deps.ts";
import { MemoryStore } from "./memory-store.ts";

/** A manager whose cluster is in this process' memory. */
export const memoryManager = (store = new MemoryStore()): ManagerDeps & { store: MemoryStore } => ({
  store,
  leader: () => "",
  logs: async function* () {},
  events: new EventBus(() => 1n),
  log: silent,
});
