import { exactArgs } from "../../args.ts";
import { bool } from "../../flags/kinds.ts";
import { trustCommand } from "./refuse.ts";

export default trustCommand("[OPTIONS] IMAGE[:TAG]", exactArgs(1), { yes: bool("Do not ask", { short: "y" }) });
