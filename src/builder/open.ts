import type { BuilderDeps } from "./deps.ts";
import type { AskedBuild, BuildRequest } from "./request.ts";
import { getContext } from "./source/get-context.ts";
import { getNamedContexts, type NamedContext, takeLayouts } from "./source/named-contexts.ts";
import type { GettingListener } from "./source/receive-archive.ts";

/** Gets the contexts of a build, and the Dockerfile. What it made is undone with `undo`. `told`: how they come. */
export async function openBuild(
  deps: BuilderDeps,
  { dockerfilePath, contexts: named, ...asked }: AskedBuild,
  undo: AsyncDisposableStack,
  signal: AbortSignal,
  told?: GettingListener,
): Promise<BuildRequest> {
  const getting = { tmp: deps.tmp, undo, signal, ...(told && { told }) };
  const elsewhere = await getNamedContexts(deps, asked.session, named, getting);
  const got = await getContext(deps, asked.session, { remote: asked.remote, dockerfilePath }, getting);
  const sent = [...got.named].map(([name, tree]) => [name, { tree }] as const);
  const contexts = new Map<string, NamedContext>([...elsewhere.contexts, ...sent]);
  await takeLayouts(deps, elsewhere.layouts, contexts, { ...asked, undo, signal });
  return {
    ...asked,
    dockerfile: got.dockerfile,
    // Clients send a Dockerfile from elsewhere under a name of their making.
    dockerfileName: /^\.dockerfile\.[0-9a-f]{20}$/.test(dockerfilePath) ? "Dockerfile" : dockerfilePath,
    context: got.open,
    ignore: got.ignore,
    contexts,
  };
}
