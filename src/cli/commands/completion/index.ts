import { defineTable } from "../../command.ts";

export default defineTable({});
