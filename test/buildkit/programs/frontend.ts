/** A frontend as BuildKit runs them: it builds by calls on its standard streams. What it reads says what it does. */
import { Duplex } from "node:stream";
import {
  GatewaySolveRequest,
  GatewaySolveResponse,
  gatewayPaths,
  ReadFileRequest,
  ReadFileResponse,
  ResolveImageConfigRequest,
  ResolveImageConfigResponse,
  ReturnRequest,
  ReturnResponse,
} from "../../../src/api/buildkit/gateway.ts";
import { connect } from "../../../src/lib/grpc/client.ts";
import { busybox, definition, type State, shell, source } from "../definitions.ts";

const options = new Map(
  Object.entries(process.env).flatMap(([name, value = ""]) => {
    const equals = value.indexOf("=");
    return name.startsWith("BUILDKIT_FRONTEND_OPT_")
      ? [[value.slice(0, equals), value.slice(equals + 1)] as const]
      : [];
  }),
);
const streams = new Duplex({
  read() {},
  write: (chunk, _encoding, done) => void process.stdout.write(chunk, () => done()),
});
process.stdin.on("data", (chunk) => streams.push(chunk));
process.stdin.on("end", () => streams.push(null));
const client = connect(streams);

async function solve(state: State): Promise<string> {
  const { result } = await client.unary(gatewayPaths.solve, GatewaySolveRequest, GatewaySolveResponse, {
    definition: definition(state),
  });
  return result?.ref?.id ?? "";
}

const filename = options.get("filename") ?? "";
const recipe = source("local://dockerfile", { "local.includepattern": JSON.stringify([filename]) });
const { data } = await client.unary(gatewayPaths.readFile, ReadFileRequest, ReadFileResponse, {
  ref: await solve(recipe),
  filePath: filename,
});
const text = Buffer.from(data).toString();
if (text.includes("leave at once")) process.exit(9);
if (text.includes("say nothing")) process.exit(0);
if (text.includes("refuse")) {
  const error = { code: 3, message: "no such recipe" };
  await client.unary(gatewayPaths.return, ReturnRequest, ReturnResponse, { error });
  process.exit(0);
}
if (text.includes("hang")) await new Promise(() => setInterval(() => {}, 1000));
console.error("a word in between");
const { config } = await client.unary(
  gatewayPaths.resolveImageConfig,
  ResolveImageConfigRequest,
  ResolveImageConfigResponse,
  { ref: "busybox" },
);
const { architecture, os } = JSON.parse(Buffer.from(config).toString());
const image = { architecture, os, config: { Cmd: ["cat", "/made"], Labels: { word: options.get("build-arg:WORD") } } };
const ref = {
  id: await solve(shell(busybox, "tail -n 1 /recipe/* >/made", { mounts: [{ dest: "/recipe", from: recipe }] })),
};
const metadata = new Map([["containerimage.config", Buffer.from(JSON.stringify(image))]]);
await client.unary(gatewayPaths.return, ReturnRequest, ReturnResponse, { result: { ref, metadata } });
process.exit(0);
