import { stringMap } from "../../api/schema/schema.ts";
import {
  volumeBackupRequest,
  volumeCloneRequest,
  volumeCopyRequest,
  volumeRestoreRequest,
} from "../../api/schema/volume.ts";
import { errorMessage, invalid } from "../../lib/errors.ts";
import { parseJson } from "../../lib/parse-json.ts";
import { exportVolume, importVolume } from "../../storage/archive.ts";
import { backupVolume } from "../../storage/backup.ts";
import { cloneVolume } from "../../storage/clone.ts";
import { copyVolumeFiles, getVolumeFiles, putVolumeFiles, statVolumeFile } from "../../storage/files.ts";
import { restoreVolume } from "../../storage/restore.ts";
import { renameVolume } from "../../volume/rename.ts";
import { leftAfter } from "../http/body.ts";
import { progress } from "../http/progress.ts";
import { empty, json, stream } from "../http/reply.ts";
import type { ApiRequest, Handler, Route } from "../http/router.ts";
import { requireJson } from "../schema/body.ts";
import { archivePath, pathStatHeader } from "../schema/path-stat.ts";
import { authOf } from "./distribution.ts";

const name = ({ params }: ApiRequest): string => params["name"] ?? "";

const rename: Handler = async (deps, request) => {
  await renameVolume(deps.volumes, name(request), request.query.get("name"));
  return empty(204);
};

const clone: Handler = async (deps, request) =>
  json(
    201,
    await cloneVolume(
      deps,
      name(request),
      await requireJson(request, volumeCloneRequest, "CloneRequest"),
      request.signal,
    ),
  );

const exportTar: Handler = async (deps, request) =>
  stream("application/x-tar", await exportVolume(deps, name(request)));

const importTar: Handler = async (deps, request) => {
  const { query, body, signal } = request;
  const volume = {
    Name: query.get("name"),
    Labels: mapOf(request, "labels"),
    DriverOpts: mapOf(request, "driverOpts"),
  };
  return json(201, await importVolume(deps, volume, body, leftAfter(body, signal)));
};

/** A parameter that is a JSON object of texts; null where it is not there. */
function mapOf({ query }: ApiRequest, key: string): Record<string, string> | null {
  const text = query.get(key);
  if (text === "") return null;
  try {
    return stringMap(parseJson(text), key);
  } catch (error) {
    throw invalid(`invalid value for ${JSON.stringify(key)}: ${errorMessage(error)}`, error);
  }
}

const headFiles: Handler = async (deps, request) => ({
  status: 200,
  headers: pathStatHeader(await statVolumeFile(deps, name(request), archivePath(request))),
});

const getFiles: Handler = async (deps, request) => {
  const { stat, tar } = await getVolumeFiles(deps, name(request), archivePath(request));
  return stream("application/x-tar", tar, pathStatHeader(stat));
};

const putFiles: Handler = async (deps, request) => {
  const { query, body, signal } = request;
  const options = { path: archivePath(request), noOverwriteDirNonDir: query.bool("noOverwriteDirNonDir") };
  await putVolumeFiles(deps, name(request), options, body, leftAfter(body, signal));
  return empty(200);
};

const copy: Handler = async (deps, request) => {
  const asked = await requireJson(request, volumeCopyRequest, "CopyRequest");
  await copyVolumeFiles(deps, name(request), asked, request.signal);
  return empty(204);
};

const backup: Handler = async (deps, request) => {
  const asked = await requireJson(request, volumeBackupRequest, "BackupRequest");
  return progress(backupVolume(deps, name(request), asked, { signal: request.signal, ...authOf(request) }));
};

const restore: Handler = async (deps, request) => {
  const asked = await requireJson(request, volumeRestoreRequest, "RestoreRequest");
  return progress(restoreVolume(deps, asked, { signal: request.signal, ...authOf(request) }));
};

/** What can be done with volumes as wholes, and with their files: of our own, no path of Docker's begins so. */
export const volumeArchiveRoutes: readonly Route[] = [
  { id: "BerthVolumeImport", method: "POST", path: "/berth/volumes/import", handle: importTar },
  { id: "BerthVolumeRestore", method: "POST", path: "/berth/volumes/restore", handle: restore },
  { id: "BerthVolumeRename", method: "POST", path: "/berth/volumes/{name:*}/rename", handle: rename },
  { id: "BerthVolumeClone", method: "POST", path: "/berth/volumes/{name:*}/clone", handle: clone },
  { id: "BerthVolumeCopy", method: "POST", path: "/berth/volumes/{name:*}/copy", handle: copy },
  { id: "BerthVolumeBackup", method: "POST", path: "/berth/volumes/{name:*}/backup", handle: backup },
  { id: "BerthVolumeExport", method: "GET", path: "/berth/volumes/{name:*}/export", handle: exportTar },
  { id: "BerthVolumeFilesInfo", method: "HEAD", path: "/berth/volumes/{name:*}/archive", handle: headFiles },
  { id: "BerthVolumeFiles", method: "GET", path: "/berth/volumes/{name:*}/archive", handle: getFiles },
  { id: "BerthPutVolumeFiles", method: "PUT", path: "/berth/volumes/{name:*}/archive", handle: putFiles },
];
