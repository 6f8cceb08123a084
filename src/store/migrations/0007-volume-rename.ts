/** `renaming_to`: set while a volume's data moves, so that a move which was cut off is finished at the next start. */
export const volumeRename = `
ALTER TABLE volume ADD COLUMN renaming_to TEXT;
`;
