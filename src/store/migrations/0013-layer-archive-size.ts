/**
 * `archive_size`: bytes of the uncompressed archive of a layer that was made here, known from when it was digested;
 * null where nobody has told.
 */
export const layerArchiveSize = `
ALTER TABLE layer ADD COLUMN archive_size INTEGER;
`;
