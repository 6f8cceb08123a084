/** A piece of a container's log: a line, or part of one. */
export interface LogEntry {
  stream: 1 | 2;
  /** RFC 3339 in UTC with nine digits of nanoseconds: `2026-01-02T03:04:05.000000006Z`. Such texts sort by time. */
  time: string;
  /** The text, with the newline where the line ends here. Shares the memory of all that was read with it. */
  data: Uint8Array;
  /** The line goes on in the next entry of the same stream. */
  partial: boolean;
}
