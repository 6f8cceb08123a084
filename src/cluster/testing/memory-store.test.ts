import { storeSuite } from "../store/store.suite.ts";
import { MemoryStore } from "./memory-store.ts";

storeSuite({ title: "in memory", open: async () => ({ store: new MemoryStore(), close: async () => {} }) });
