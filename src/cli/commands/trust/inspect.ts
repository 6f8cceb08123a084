import { minArgs } from "../../args.ts";
import { bool } from "../../flags/kinds.ts";
import { trustCommand } from "./refuse.ts";

export default trustCommand("IMAGE[:TAG] [IMAGE[:TAG]...]", minArgs(1), { pretty: bool("Print for people") });
