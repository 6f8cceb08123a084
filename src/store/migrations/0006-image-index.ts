/** Images of several platforms that go by one name: which images here an index (a blob, by digest) is made of. */
export const imageIndex = `
CREATE TABLE image_index (
  digest TEXT NOT NULL,
  image_id TEXT NOT NULL REFERENCES image (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  PRIMARY KEY (digest, image_id)
);
CREATE INDEX image_index_by_image ON image_index (image_id);
CREATE INDEX image_name_by_digest ON image_name (digest);
`;
