import { exactArgs } from "../../args.ts";
import { bool } from "../../flags/kinds.ts";
import { trustCommand } from "./refuse.ts";

export default trustCommand("IMAGE:TAG", exactArgs(1), { local: bool("Sign the local image of that tag") });
