import type { Route } from "../http/route.ts";
import { empty, json } from "./answers.ts";
import { deleteBlob, getBlob } from "./blobs.ts";
import { getCatalog, getReferrers, getTags } from "./listings.ts";
import { deleteManifestRoute, getManifest, putManifest } from "./manifests.ts";
import { getPing, getSearch } from "./search.ts";
import { getHealth, getMetrics } from "./status.ts";
import { getToken, postToken } from "./token.ts";
import { deleteUploadRoute, getUpload, patchUpload, postUpload, putUpload } from "./uploads.ts";

/** Beside the protocol: search, health, numbers. */
export const statusRoutes: Route[] = [
  { label: "health", pattern: /^\/healthz$/, methods: { GET: ["open", getHealth], HEAD: ["open", getHealth] } },
  { label: "metrics", pattern: /^\/metrics$/, methods: { GET: ["user", getMetrics] } },
  { label: "search", pattern: /^\/v1\/_ping$/, methods: { GET: ["open", getPing] } },
  { label: "search", pattern: /^\/v1\/search$/, methods: { GET: ["anyone", getSearch] } },
];

/**
 * The distribution specification's endpoints. Names contain slashes, so each pattern ends at the last keyword that
 * fits.
 */
export const protocolRoutes: Route[] = [
  { label: "token", pattern: /^\/token$/, methods: { GET: ["open", getToken], POST: ["open", postToken] } },
  { label: "base", pattern: /^\/v2\/?$/, methods: { GET: ["user", () => json({})], HEAD: ["user", () => empty(200)] } },
  { label: "catalog", pattern: /^\/v2\/_catalog$/, methods: { GET: ["catalog", getCatalog] } },
  { label: "uploads", pattern: /^\/v2\/(?<name>.+)\/blobs\/uploads\/?$/, methods: { POST: ["push", postUpload] } },
  {
    label: "upload",
    pattern: /^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<id>[^/]+)$/,
    methods: {
      GET: ["push", getUpload],
      HEAD: ["push", getUpload],
      PATCH: ["push", patchUpload],
      PUT: ["push", putUpload],
      DELETE: ["push", deleteUploadRoute],
    },
  },
  {
    label: "blob",
    pattern: /^\/v2\/(?<name>.+)\/blobs\/(?<digest>[^/]+)$/,
    methods: { GET: ["pull", getBlob], HEAD: ["pull", getBlob], DELETE: ["delete", deleteBlob] },
  },
  {
    label: "manifest",
    pattern: /^\/v2\/(?<name>.+)\/manifests\/(?<reference>[^/]+)$/,
    methods: {
      GET: ["pull", getManifest],
      HEAD: ["pull", getManifest],
      PUT: ["push", putManifest],
      DELETE: ["delete", deleteManifestRoute],
    },
  },
  { label: "tags", pattern: /^\/v2\/(?<name>.+)\/tags\/list$/, methods: { GET: ["pull", getTags] } },
  {
    label: "referrers",
    pattern: /^\/v2\/(?<name>.+)\/referrers\/(?<digest>[^/]+)$/,
    methods: { GET: ["pull", getReferrers] },
  },
];
