/**
 * `mount_id`: by which a volume plugin knows this use of the volume, from its mount to its unmount; `path`: where the
 * plugin says that the data is, empty as long as it has not said.
 */
export const volumeMountId = `
ALTER TABLE volume_mount ADD COLUMN mount_id TEXT NOT NULL DEFAULT '';
ALTER TABLE volume_mount ADD COLUMN path TEXT NOT NULL DEFAULT '';
`;
