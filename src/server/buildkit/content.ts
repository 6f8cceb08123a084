import {
  ContentInfoRequest,
  ContentInfoResponse,
  contentPaths,
  ReadContentRequest,
  ReadContentResponse,
} from "../../api/buildkit/content.ts";
import type { BuildHistory } from "../../builder/history/history.ts";
import { type Method, serverStream, unary } from "../../lib/grpc/method.ts";
import { Code, GrpcError } from "../../lib/grpc/status.ts";
import type { BlobStore } from "../../oci/blobs.ts";
import { isDigest } from "../../oci/digest.ts";

/** Where blobs are. */
interface ContentDeps {
  buildkit: { history: Pick<BuildHistory, "file"> };
  images: { blobs: Pick<BlobStore, "size" | "stream"> };
}

/** The service by which clients read what belongs to builds that have ended: logs, provenances, images. */
export function contentMethods(deps: ContentDeps): Method[] {
  return [
    unary(contentPaths.info, ContentInfoRequest, ContentInfoResponse, ({ digest }) => ({
      info: { digest, size: find(deps, digest).size },
    })),
    serverStream(
      contentPaths.read,
      ReadContentRequest,
      ReadContentResponse,
      async ({ digest, offset, size: wanted }, _call, send) => {
        const { size, stream } = find(deps, digest);
        if (offset < 0 || offset > size)
          throw new GrpcError(Code.outOfRange, `read past object length ${size} bytes: out of range`);
        const end = wanted > 0 ? Math.min(size, offset + wanted) : size;
        let at = offset;
        if (end > offset)
          for await (const data of stream(offset, end)) {
            await send({ offset: at, data });
            at += data.length;
          }
      },
    ),
  ];
}

function find(
  { buildkit, images: { blobs } }: ContentDeps,
  digest: string,
): { size: number; stream: (start: number, end: number) => ReadableStream<Uint8Array> } {
  const file = buildkit.history.file(digest);
  if (file) return { size: file.size, stream: (start, end) => Bun.file(file.path).slice(start, end).stream() };
  const size = isDigest(digest) ? blobs.size(digest) : undefined;
  if (size === undefined) throw new GrpcError(Code.notFound, `content ${digest}: not found`);
  return { size, stream: (start, end) => blobs.stream(digest, { start, end }) };
}
