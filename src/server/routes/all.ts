import type { Route } from "../http/router.ts";
import { absentRoutes } from "./absent.ts";
import { buildRoutes } from "./build.ts";
import { buildkitRoutes } from "./buildkit.ts";
import { checkpointRoutes } from "./checkpoints.ts";
import { containerStreamRoutes } from "./container-streams.ts";
import { containerRoutes } from "./containers.ts";
import { distributionRoutes } from "./distribution.ts";
import { execRoutes } from "./exec.ts";
import { imageRoutes } from "./images.ts";
import { migrateRoutes } from "./migrate.ts";
import { networkRoutes } from "./networks.ts";
import { pluginRoutes } from "./plugins.ts";
import { secretRoutes } from "./secrets.ts";
import { serviceLogRoutes } from "./service-logs.ts";
import { serviceRoutes } from "./services.ts";
import { swarmRoutes } from "./swarm.ts";
import { systemRoutes } from "./system.ts";
import { volumeArchiveRoutes } from "./volume-archives.ts";
import { volumeRoutes } from "./volumes.ts";

/** Every route of the Engine API. */
export const routes: readonly Route[] = [
  ...systemRoutes,
  // Before those whose ids may have slashes.
  ...checkpointRoutes,
  ...containerRoutes,
  ...containerStreamRoutes,
  ...execRoutes,
  ...imageRoutes,
  ...distributionRoutes,
  ...buildRoutes,
  ...buildkitRoutes,
  ...networkRoutes,
  ...volumeRoutes,
  ...volumeArchiveRoutes,
  ...pluginRoutes,
  ...swarmRoutes,
  ...serviceRoutes,
  ...serviceLogRoutes,
  ...secretRoutes,
  ...migrateRoutes,
  ...absentRoutes,
];
