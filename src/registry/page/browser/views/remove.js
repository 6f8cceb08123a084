import { api } from "../api.js";
import { confirmed, tell } from "../notices.js";

/**
 * Deletes a tag or an image once the question is answered with yes; true when it is gone.
 * @param {string} name @param {string} reference @param {string} question
 */
export async function remove(name, reference, question) {
  if (!(await confirmed(question, "Delete"))) return false;
  try {
    await api("image", { name, reference }, { method: "DELETE" });
    tell("Deleted");
    return true;
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    return false;
  }
}
