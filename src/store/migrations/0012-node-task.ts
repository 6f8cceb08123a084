/** Tasks that a cluster has assigned to this machine, as its managers said last, and how far each has come. */
export const nodeTask = `
CREATE TABLE node_task (
  id         TEXT PRIMARY KEY,
  task_json  TEXT NOT NULL,
  state      TEXT NOT NULL
) STRICT;
`;
