import { mkdirSync, rmdirSync } from "node:fs";
import type { Volume, VolumeCreateRequest } from "../api/types/volume.ts";
import { Lease } from "../image/collect/lease.ts";
import { resolveImage } from "../image/resolve.ts";
import { hasCode, invalid, notFound } from "../lib/errors.ts";
import { newId, shortId } from "../lib/ids.ts";
import { close, O, openDir, openInRoot } from "../linux/at.ts";
import { anonymousLabel } from "../volume/create.ts";
import { inspectVolume } from "../volume/inspect.ts";
import { takeVolume } from "../volume/take.ts";
import type { StorageDeps } from "./deps.ts";

/**
 * Makes a volume with what an image has in a directory, `FromPath` (default: its root), as a container's new volume
 * gets it. Throws `not-found` where there is no such image or directory, `conflict` where the name is taken.
 */
export async function seedVolume(deps: StorageDeps, request: VolumeCreateRequest): Promise<Volume> {
  const { FromImage, FromPath, Driver, Labels, DriverOpts } = request;
  const name = request.Name || newId();
  const { images, volumes } = deps;
  const image = resolveImage(images, FromImage ?? "");
  await takeVolume(
    volumes,
    {
      name,
      driver: Driver || "local",
      labels: request.Name ? (Labels ?? null) : { ...Labels, [anonymousLabel]: "" },
      options: DriverOpts ?? null,
    },
    {
      kind: "filled",
      from: FromImage ?? "",
      fill: async (directory) => {
        await using root = await openImage(deps, image.chainIds);
        using source = openWithin(root.path, FromPath || "/");
        await images.archiver.copy(source.path, directory);
        await images.archiver.sync(directory);
      },
    },
  );
  return await inspectVolume(volumes, name);
}

/** An image's files, mounted for a look among the views of containers: a crash leaves them to the next boot. */
async function openImage(
  { images, containers: { execRoot } }: StorageDeps,
  chain: readonly string[],
): Promise<AsyncDisposable & { path: string }> {
  await using undo = new AsyncDisposableStack();
  const lease = undo.use(new Lease(images));
  for (const chainId of chain) lease.add("layer", chainId);
  const path = `${execRoot}/views/image-${shortId(newId())}`;
  mkdirSync(path, { recursive: true, mode: 0o700 });
  undo.defer(() => rmdirSync(path));
  if (chain.length > 0) {
    images.snapshotter.view(chain, path);
    undo.defer(() => images.snapshotter.unmount(path));
  }
  const held = undo.move();
  return { path, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** By descriptor: no link in the image leads elsewhere. */
function openWithin(root: string, path: string): Disposable & { path: string } {
  const base = openDir(root);
  try {
    const fd = openInRoot(base, path, O.PATH | O.DIRECTORY);
    return { path: `/proc/${process.pid}/fd/${fd}`, [Symbol.dispose]: () => close(fd) };
  } catch (error) {
    if (hasCode(error, "ENOENT")) throw notFound(`the image has no directory ${path}`, error);
    if (hasCode(error, "ENOTDIR")) throw invalid(`${path} is no directory in the image`, error);
    throw error;
  } finally {
    close(base);
  }
}
