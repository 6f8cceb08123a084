import { type ApiVersion, api } from "./version.ts";

/** Clients that ask for the newest API there is, and know only the shapes of an older one; by their User-Agent. */
const knownTo: readonly { agent: RegExp; newest: ApiVersion }[] = [
  // docker-compose 1 needs `status` and `id` of events, and `ContainerConfig` of images to make a container anew.
  { agent: /^docker-compose\/1\./, newest: api("1.41") },
  // docker-py takes what the engine says is the newest, while its own methods are of 1.44 and its users' of before
  // 1.52.
  { agent: /^docker(?:-py|-sdk-python)\//, newest: api("1.51") },
];

/** The version whose shapes a client understands, of the one that it asked for. */
export function understoodBy(agent: string | undefined, asked: ApiVersion): ApiVersion {
  const known = knownTo.find((client) => client.agent.test(agent ?? ""));
  return known ? Math.min(known.newest, asked) : asked;
}
