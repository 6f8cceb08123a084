/** Makes `dist/berth` for this machine. */
import { compile } from "./compile.ts";

await compile({ outfile: "dist/berth" });
console.log("dist/berth");
